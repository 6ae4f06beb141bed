// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* summary.json of a GPU run for people: the terminal's table and report.md. */
#include <math.h>
#include <string.h>

#include "gpu_summary.h"
#include "json_file.h"
#include "report.h"
#include "scores.h"
#include "stats.h"
#include "util.h"

static const char *const titles[][2] = {
	{"OH", "overhead"},	   {"IS", "isolation"},	  {"BW", "bandwidth"},
	{"CACHE", "L2 cache"},	   {"PCIE", "transfers"}, {"SCHED", "scheduling"},
	{"FRAG", "fragmentation"}, {"ERR", "errors"},	  {"LLM", "language models"},
	{"NCCL", "collectives"},
};

const char *gpu_category_title(const char *category)
{
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		if (!strcmp(titles[i][0], category))
			return titles[i][1];
	return category;
}

bool gpu_is_planned(const json_t *row)
{
	return !strcmp(json_text(row, "verdict"), "WAIVED") &&
	       !strncmp(json_text(row, "reason"), "planned", strlen("planned"));
}

#define CELL 32

/* Four digits, all of a number above that; short, and of the same width in a column. */
static void real_text(double value, char text[CELL])
{
	double size = fabs(value);

	snprintf(text, CELL, "%.*f", size < 10 ? 3 : size < 100 ? 2 : size < 1000 ? 1 : 0, value);
	if (size > 0 && (size < 0.001 || size >= 1e9))
		snprintf(text, CELL, "%.3g", value);
}

/* The cells of a row. "-" where the row has no such number: never a zero. */

static void number_cell(const json_t *row, const char *key, char text[CELL])
{
	const json_t *value = json_object_get(row, key);

	snprintf(text, CELL, "-");
	if (json_is_integer(value))
		snprintf(text, CELL, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		real_text(json_real_value(value), text);
}

static void worst_cell(const json_t *row, const char *key, char text[CELL])
{
	(void)key;
	number_cell(row, strcmp(json_text(row, "better"), "higher") ? "max" : "min", text);
}

/*
 * Half the width of the median's interval: in % of it, or, where the median may be on either side
 * of 0 and has no such part, in the row's unit.
 */
static void interval_cell(const json_t *row, const char *key, char text[CELL])
{
	const json_t *interval = json_object_get(row, key);
	double low = json_number_value(json_array_get(interval, 0));
	double high = json_number_value(json_array_get(interval, 1));
	double p50 = json_number_value(json_object_get(row, "p50"));
	char number[CELL];
	const char *unit = json_text(row, "unit");
	bool is_pure = !strcmp(unit, "1");

	snprintf(text, CELL, "-");
	/* With less samples there is no such interval. */
	if (json_integer_value(json_object_get(row, "n")) < 6)
		return;
	if (low * high > 0) {
		snprintf(text, CELL, "%.2f %%", 50 * (high - low) / fabs(p50));
		return;
	}
	real_text((high - low) / 2, number);
	snprintf(text, CELL, "%.20s%s%.8s", number, is_pure ? "" : " ", is_pure ? "" : unit);
}

static void text_cell(const json_t *row, const char *key, char text[CELL])
{
	snprintf(text, CELL, "%s", json_text(row, key));
}

/* The main table, on a terminal and in report.md. */
static const struct column {
	const char *title, *key;
	int width; /* at least; negative: to the left */
	void (*cell)(const json_t *row, const char *key, char text[CELL]);
} columns[] = {
	{"row", "id", -8, text_cell},		{"", "name", -8, text_cell},
	{"unit", "unit", -4, text_cell},	{"n", "n", 6, number_cell},
	{"p50", "p50", 8, number_cell},		{"p95", "p95", 8, number_cell},
	{"p99", "p99", 8, number_cell},		{"worst", NULL, 8, worst_cell},
	{"95 %", "p50_ci95", 8, interval_cell}, {"verdict", "verdict", -7, text_cell},
};

/* Those rows that are not planned only; a new reference. */
static json_t *real_rows(const json_t *summary)
{
	json_t *rows = json_array(), *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (!gpu_is_planned(row))
			json_array_append(rows, row);
	}
	return rows;
}

/* "IS 3 rows, LLM 10 rows" after the bullet, in the order of the table; nothing without any. */
static void planned_line(const json_t *summary, const char *bullet, const char *end, FILE *out)
{
	const json_t *rows = json_object_get(summary, "rows"), *row;
	json_t *counts = json_object(), *count;
	const char *category, *separator = bullet;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!gpu_is_planned(row))
			continue;
		category = json_text(row, "category");
		count = json_object_get(counts, category);
		json_object_set_new(counts, category, json_integer(json_integer_value(count) + 1));
	}
	json_object_foreach (counts, category, count) {
		fprintf(out, "%s%s %" JSON_INTEGER_FORMAT " row%s", separator, category,
			json_integer_value(count), json_integer_value(count) == 1 ? "" : "s");
		separator = ", ";
	}
	if (separator != bullet)
		fputs(end, out);
	json_decref(counts);
}

static void column_widths(const json_t *rows, int widths[ARRAY_SIZE(columns)])
{
	const json_t *row;
	char text[CELL];
	size_t i;

	for (size_t c = 0; c < ARRAY_SIZE(columns); c++) {
		widths[c] = abs(columns[c].width);
		json_array_foreach (rows, i, row) {
			columns[c].cell(row, columns[c].key, text);
			if (widths[c] < (int)strlen(text))
				widths[c] = strlen(text);
		}
	}
}

/* A line of the table; row NULL: its head, with a category in the place of the names. */
static void table_line(const json_t *row, const char *category,
		       const int widths[ARRAY_SIZE(columns)], FILE *out)
{
	char text[CELL];

	for (size_t c = 0; c < ARRAY_SIZE(columns); c++) {
		bool last = c + 1 == ARRAY_SIZE(columns), left = columns[c].width < 0;

		if (row)
			columns[c].cell(row, columns[c].key, text);
		else
			snprintf(text, CELL, "%s", c == 0 ? category : columns[c].title);
		if (last)
			fprintf(out, "%s\n", text);
		else
			fprintf(out, "%*s  ", left ? -widths[c] : widths[c], text);
	}
}

static void count_line(const json_t *rows, FILE *out)
{
	static const char *const verdicts[] = {"ok", "WAIVED", "FAILED", "INVALID"};
	const json_t *row;
	size_t i;

	fprintf(out, "%zu row%s", json_array_size(rows), json_array_size(rows) == 1 ? "" : "s");
	for (size_t v = 0; v < ARRAY_SIZE(verdicts); v++) {
		size_t count = 0;

		json_array_foreach (rows, i, row) {
			count += !strcmp(json_text(row, "verdict"), verdicts[v]);
		}
		if (count || v == 0)
			fprintf(out, ", %zu %s", count, verdicts[v]);
	}
	fputc('\n', out);
}

/* "native", or "hami by libvgpu.so, memory 4g, SM 50 %". */
static void system_text(const json_t *summary, FILE *out)
{
	static const char *const limits[][3] = {{"preload", ", preloads ", ""},
						{"mem_limit", ", memory ", ""},
						{"sm_limit", ", SM ", " %"}};
	const json_t *setup = json_object_get(summary, "setup");
	json_int_t plant = json_integer_value(json_object_get(setup, "plant"));

	fputs(json_text(setup, "system"), out);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const char *value = json_text(setup, limits[i][0]);

		if (strcmp(value, "none"))
			fprintf(out, "%s%s%s", limits[i][1], value, limits[i][2]);
	}
	if (json_is_true(json_object_get(setup, "quick")))
		fputs(", quick", out);
	if (plant > 1)
		fprintf(out,
			", each operation done %" JSON_INTEGER_FORMAT " times for one: a control",
			plant);
}

static const char worst_note[] =
	"95 %: half the width of the median's 95 % interval, in % of the median, or in the row's unit "
	"where the median may be 0. worst: the highest sample, the lowest where more is better.";

static void table_head(const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup");
	bool emulated = json_is_true(json_object_get(summary, "emulated"));

	fprintf(out, "gpu     %s, driver %s, CUDA %s%s\n", json_text(setup, "gpu"),
		json_text(setup, "driver"), json_text(setup, "cuda"),
		emulated ? "; the numbers mean nothing" : "");
	fprintf(out, "host    %s: %s, Linux %s\nsystem  ", json_text(summary, "host"),
		json_text(setup, "cpu"), json_text(setup, "kernel"));
	system_text(summary, out);
	fprintf(out, "\ntime    %s\n", json_text(summary, "time"));
}

void gpu_table(const json_t *summary, FILE *out)
{
	int widths[ARRAY_SIZE(columns)];
	json_t *rows = real_rows(summary);
	const char *category = "";
	const json_t *row;
	size_t i;

	table_head(summary, out);
	column_widths(rows, widths);
	json_array_foreach (rows, i, row) {
		if (strcmp(category, json_text(row, "category"))) {
			category = json_text(row, "category");
			fputc('\n', out);
			table_line(NULL, gpu_category_title(category), widths, out);
		}
		table_line(row, NULL, widths, out);
	}
	fputc('\n', out);
	count_line(json_object_get(summary, "rows"), out);
	fprintf(out, "%s\n", worst_note);
	report_reasons(rows, "", plain_text, out);
	planned_line(summary, "planned: ", "\n", out);
	scores_table(summary, out);
	json_decref(rows);
}

/* Every member of an object as a line of a table of two columns. */
static void markdown_members(const json_t *object, FILE *out)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		fputs("| ", out);
		markdown_text(key, out);
		fputs(" | ", out);
		if (json_is_boolean(value))
			fputs(json_is_true(value) ? "yes" : "no", out);
		else if (json_is_string(value))
			markdown_text(json_string_value(value), out);
		else if (json_is_number(value))
			fprintf(out, "%.15g", json_number_value(value));
		fputs(" |\n", out);
	}
}

static void markdown_head(const json_t *summary, FILE *out)
{
	const json_t *tool = json_object_get(summary, "tool");

	fputs("# GPU virtualisation on ", out);
	markdown_text(json_text(summary, "host"), out);
	fputs("\n\n| | |\n| --- | --- |\n| time | ", out);
	markdown_text(json_text(summary, "time"), out);
	fprintf(out, " |\n| status | %s |\n", json_text(summary, "status"));
	if (json_is_true(json_object_get(summary, "emulated")))
		fputs("| emulated | there was no GPU: the numbers mean nothing |\n", out);
	markdown_members(json_object_get(summary, "setup"), out);
	markdown_members(json_object_get(summary, "device"), out);
	fputs("| tool | exitlab ", out);
	markdown_text(json_text(tool, "version"), out);
	fputs(" (", out);
	markdown_text(json_text(tool, "revision"), out);
	fputs(") |\n\n", out);
}

/* The rows of one category, from index first on; the index of the next one's first row. */
static size_t markdown_category(const json_t *rows, size_t first, FILE *out)
{
	const char *category = json_text(json_array_get(rows, first), "category");
	char text[CELL];
	size_t i;

	fprintf(out, "## %s: %s\n\n|", category, gpu_category_title(category));
	for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
		fprintf(out, " %s |", columns[c].title);
	fputs("\n|", out);
	for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
		fputs(columns[c].width < 0 ? " --- |" : " ---: |", out);
	for (i = first; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		if (strcmp(json_text(row, "category"), category))
			break;
		fputs("\n|", out);
		for (size_t c = 0; c < ARRAY_SIZE(columns); c++) {
			columns[c].cell(row, columns[c].key, text);
			fputc(' ', out);
			markdown_text(text, out);
			fputs(" |", out);
		}
	}
	fputs("\n\n", out);
	return i;
}

static void markdown_distribution(const json_t *rows, FILE *out)
{
	static const char *const keys[] = {
#define PERCENTILE(name, key, per10000) key,
		PERCENTILES(PERCENTILE)
#undef PERCENTILE
			"mean",
		"stddev", "throttled"};
	const json_t *row;
	size_t index;

	fputs("## Distribution\n\n| row | unit |", out);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		fprintf(out, " %s |", keys[i]);
	fputs("\n| --- | --- |", out);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		fputs(" ---: |", out);
	json_array_foreach (rows, index, row) {
		if (!json_object_get(row, "n"))
			continue;
		fprintf(out, "\n| %s | ", json_text(row, "id"));
		markdown_text(json_text(row, "unit"), out);
		fputs(" |", out);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			fprintf(out, " %.6g |", json_number_value(json_object_get(row, keys[i])));
	}
	fputs("\n\n", out);
}

static void markdown_facts(const json_t *rows, FILE *out)
{
	const json_t *row;
	const char *key;
	json_t *value;
	size_t i;

	fputs("## Facts\n\nWhat else the measurements say of themselves.\n\n| row | fact | value |\n"
	      "| --- | --- | --- |\n",
	      out);
	json_array_foreach (rows, i, row) {
		json_object_foreach (json_object_get(row, "facts"), key, value) {
			fprintf(out, "| %s | ", json_text(row, "id"));
			markdown_text(key, out);
			fputs(" | ", out);
			markdown_text(json_string_value(value) ?: "", out);
			fputs(" |\n", out);
		}
	}
}

void gpu_markdown(const json_t *summary, FILE *out)
{
	json_t *rows = real_rows(summary);

	markdown_head(summary, out);
	fprintf(out, "%s\n\n", worst_note);
	for (size_t i = 0; i < json_array_size(rows);)
		i = markdown_category(rows, i, out);
	if (report_reasons(rows, "- ", markdown_text, out))
		fputc('\n', out);
	planned_line(summary, "Planned, not measured: ", ".\n\n", out);
	scores_markdown(summary, out);
	markdown_distribution(rows, out);
	markdown_facts(rows, out);
	json_decref(rows);
}
