// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A comparison for people: tables on a terminal, and the same as markdown. */
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "compare_columns.h"
#include "json_file.h"
#include "report.h"
#include "util.h"

static bool is_exact(const json_t *comparison)
{
	return json_is_true(json_object_get(comparison, "exact"));
}

/* What cannot be measured yet is named below the table, in a line. */
static bool is_planned(const json_t *row)
{
	return !strcmp(json_text(row, "reason"), COMPARE_PLANNED);
}

/* How verdicts were come by, in a line. */
static void print_rule(const json_t *comparison, const json_t *rows, FILE *out)
{
	double percent = 100 * json_number_value(json_object_get(comparison, "margin"));

	if (is_exact(comparison))
		fputs("counted exactly: SLOWER is more instructions", out);
	else
		fputs("95 % interval of each row by itself", out);
	if (compare_has_margins(rows))
		fputs("; SAME is within the row's margin; without a ratio, both are of the change",
		      out);
	else if (percent > 0)
		fprintf(out, "; a change below %g %% is SAME", percent);
}

static void print_side(const json_t *side, const char *separator,
		       void (*text)(const char *, FILE *), FILE *out)
{
	const char *between = "";
	const json_t *run;
	size_t i;

	json_array_foreach (json_object_get(side, "runs"), i, run) {
		fputs(between, out);
		text(json_text(run, "path"), out);
		fputs(" (", out);
		text(json_text(run, "host"), out);
		fputs(", ", out);
		text(json_text(run, "time"), out);
		fputs(")", out);
		between = separator;
	}
}

/* "13 SAME, 2 SLOWER", of how many rows. */
static void print_verdicts(const json_t *two, FILE *out)
{
	size_t rows = json_array_size(json_object_get(two, "rows"));
	const json_t *count;
	const char *verdict, *separator = ": ";

	fprintf(out, "%zu row%s", rows, rows == 1 ? "" : "s");
	json_object_foreach (json_object_get(two, "verdicts"), verdict, count) {
		if (!json_integer_value(count))
			continue;
		fprintf(out, "%s%" JSON_INTEGER_FORMAT " %s", separator, json_integer_value(count),
			verdict);
		separator = ", ";
	}
	fputc('\n', out);
}

static bool same_reason(const json_t *a, const json_t *b)
{
	return !strcmp(json_text(a, "verdict"), json_text(b, "verdict")) &&
	       !strcmp(json_text(a, "reason"), json_text(b, "reason"));
}

/* Why rows were not compared: a line for each reason, with the rows it is of. */
static void print_reasons(const json_t *rows, const char *bullet,
			  void (*text)(const char *, FILE *), FILE *out)
{
	size_t count = json_array_size(rows);

	for (size_t i = 0; i < count; i++) {
		const json_t *row = json_array_get(rows, i);
		const char *separator = " (";
		size_t first = 0;

		while (!same_reason(json_array_get(rows, first), row))
			first++;
		if (first < i || strcmp(json_text(row, "verdict"), "NOT COMPARED"))
			continue;
		fprintf(out, "%sNOT COMPARED: ", bullet);
		text(json_text(row, "reason"), out);
		for (size_t k = i; k < count; k++) {
			if (!same_reason(json_array_get(rows, k), row))
				continue;
			fputs(separator, out);
			text(json_text(json_array_get(rows, k), "id"), out);
			separator = ", ";
		}
		fputs(")\n", out);
	}
}

/* What is to be said of rows that were not compared, of rows left out, and of the runs. */
static void print_notes(const json_t *two, const char *bullet, void (*text)(const char *, FILE *),
			FILE *out)
{
	const json_t *item, *left_out = json_object_get(two, "left_out");
	size_t i;

	print_reasons(json_object_get(two, "rows"), bullet, text, out);
	json_array_foreach (left_out, i, item) {
		fputs(i ? ", " : bullet, out);
		fputs(i ? "" : "not in all runs, left out: ", out);
		text(json_string_value(item), out);
		fputs(i + 1 == json_array_size(left_out) ? "\n" : "", out);
	}
	json_array_foreach (json_object_get(two, "notes"), i, item) {
		fputs(bullet, out);
		text(json_string_value(item), out);
		fputc('\n', out);
	}
}

static void table_differences(const json_t *two, FILE *out)
{
	const json_t *differences = json_object_get(two, "differences"), *item;
	size_t i;

	json_array_foreach (differences, i, item) {
		fprintf(out, "%s%s: %s -> %s\n", i ? "        " : "differ  ",
			json_text(item, "key"), json_text(item, "base"), json_text(item, "with"));
	}
	if (!i)
		fputs("differ  nothing that was recorded of the set-up\n", out);
}

static void table_rows(const json_t *rows, FILE *out)
{
	const json_t *row;
	size_t i;
	int width = 3;

	json_array_foreach (rows, i, row) {
		int length = strlen(json_text(row, "id"));

		width = length > width ? length : width;
	}
	fprintf(out, "\n%-*s", width, "row");
	for (size_t k = 0; k < compare_column_count; k++)
		if (compare_column_shown(&compare_columns[k], rows))
			fprintf(out, "  %*s", compare_columns[k].width, compare_columns[k].title);
	fputs("  verdict\n", out);
	json_array_foreach (rows, i, row) {
		char text[COMPARE_CELL];

		if (is_planned(row))
			continue;
		fprintf(out, "%-*s", width, json_text(row, "id"));
		for (size_t k = 0; k < compare_column_count; k++) {
			if (!compare_column_shown(&compare_columns[k], rows))
				continue;
			compare_columns[k].text(row, text);
			fprintf(out, "  %*s", compare_columns[k].width, text);
		}
		fprintf(out, "  %s\n", compare_verdict(row, text));
	}
}

void compare_table(const json_t *comparison, FILE *out)
{
	const json_t *two;
	size_t i;

	fputs("base    ", out);
	print_side(json_object_get(comparison, "base"), "\n        ", plain_text, out);
	fputc('\n', out);
	json_array_foreach (json_object_get(comparison, "comparisons"), i, two) {
		fputs(i ? "\nwith    " : "with    ", out);
		print_side(json_object_get(two, "with"), "\n        ", plain_text, out);
		fprintf(out, "\nclock   %s, unit %s; ", json_text(comparison, "clock"),
			compare_unit(json_object_get(two, "rows")));
		print_rule(comparison, json_object_get(two, "rows"), out);
		fputc('\n', out);
		table_differences(two, out);
		table_rows(json_object_get(two, "rows"), out);
		print_verdicts(two, out);
		print_notes(two, "", plain_text, out);
	}
}

static void markdown_differences(const json_t *two, FILE *out)
{
	const json_t *differences = json_object_get(two, "differences"), *item;
	static const char *const keys[] = {"key", "base", "with"};
	size_t i;

	if (!json_array_size(differences)) {
		fputs("\nNothing that was recorded of the set-up differs.\n", out);
		return;
	}
	fputs("\n| set-up | base | with |\n| --- | --- | --- |\n", out);
	json_array_foreach (differences, i, item) {
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			fputs("| ", out);
			markdown_text(json_text(item, keys[k]), out);
			fputs(k + 1 < ARRAY_SIZE(keys) ? " " : " |\n", out);
		}
	}
}

static void markdown_rows(const json_t *rows, FILE *out)
{
	const json_t *row;
	size_t i;

	fputs("\n| row |", out);
	for (size_t k = 0; k < compare_column_count; k++)
		if (compare_column_shown(&compare_columns[k], rows))
			fprintf(out, " %s |", compare_columns[k].title);
	fputs(" verdict |\n| --- |", out);
	for (size_t k = 0; k < compare_column_count; k++)
		if (compare_column_shown(&compare_columns[k], rows))
			fputs(" ---: |", out);
	fputs(" --- |\n", out);
	json_array_foreach (rows, i, row) {
		char text[COMPARE_CELL];

		if (is_planned(row))
			continue;
		fputs("| ", out);
		markdown_text(json_text(row, "id"), out);
		for (size_t k = 0; k < compare_column_count; k++) {
			if (!compare_column_shown(&compare_columns[k], rows))
				continue;
			compare_columns[k].text(row, text);
			fputs(" | ", out);
			markdown_text(text, out);
		}
		fprintf(out, " | %s |\n", compare_verdict(row, text));
	}
}

void compare_markdown(const json_t *comparison, FILE *out)
{
	const json_t *two;
	size_t i;

	fputs("# Comparison\n\nBase: ", out);
	print_side(json_object_get(comparison, "base"), ", ", markdown_text, out);
	fputs(".\n", out);
	json_array_foreach (json_object_get(comparison, "comparisons"), i, two) {
		fputs("\n## With ", out);
		print_side(json_object_get(two, "with"), ", ", markdown_text, out);
		fprintf(out, "\n\nUnit: %s; ", compare_unit(json_object_get(two, "rows")));
		print_rule(comparison, json_object_get(two, "rows"), out);
		fputs(". ", out);
		print_verdicts(two, out);
		markdown_rows(json_object_get(two, "rows"), out);
		markdown_differences(two, out);
		fputc('\n', out);
		print_notes(two, "- ", markdown_text, out);
	}
}
