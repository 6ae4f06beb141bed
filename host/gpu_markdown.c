// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* report.md of a GPU run. */
#include <string.h>

#include "gpu_columns.h"
#include "gpu_passthrough.h"
#include "gpu_summary.h"
#include "json_file.h"
#include "report.h"
#include "scores.h"
#include "stats.h"
#include "util.h"

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

	fprintf(out, "# %s on ", gpu_run_title(summary));
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
	char heading[128];
	char text[GPU_CELL];
	size_t i;

	gpu_category_heading(category, heading, sizeof(heading));
	fprintf(out, "## %s\n\n|", heading);
	for (size_t c = 0; c < GPU_COLUMNS; c++)
		fprintf(out, " %s |", gpu_columns[c].title);
	fputs("\n|", out);
	for (size_t c = 0; c < GPU_COLUMNS; c++)
		fputs(gpu_columns[c].width < 0 ? " --- |" : " ---: |", out);
	for (i = first; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		if (strcmp(json_text(row, "category"), category))
			break;
		fputs("\n|", out);
		for (size_t c = 0; c < GPU_COLUMNS; c++) {
			gpu_columns[c].cell(row, gpu_columns[c].key, text);
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
	json_t *rows = gpu_measured(summary);

	markdown_head(summary, out);
	passthrough_markdown(summary, out);
	fprintf(out, "%s\n\n", gpu_worst_note);
	for (size_t i = 0; i < json_array_size(rows);)
		i = markdown_category(rows, i, out);
	if (report_reasons(rows, "- ", markdown_text, out))
		fputc('\n', out);
	gpu_planned(summary, "Planned, not measured: ", ".\n\n", out);
	scores_markdown(summary, out);
	markdown_distribution(rows, out);
	markdown_facts(rows, out);
	json_decref(rows);
}
