// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* summary.json of a GPU run on a terminal. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_columns.h"
#include "gpu_passthrough.h"
#include "gpu_summary.h"
#include "json_file.h"
#include "report.h"
#include "scores.h"
#include "util.h"

static void column_widths(const json_t *rows, int widths[GPU_COLUMNS])
{
	const json_t *row;
	char text[GPU_CELL];
	size_t i;

	for (size_t c = 0; c < GPU_COLUMNS; c++) {
		widths[c] = abs(gpu_columns[c].width);
		json_array_foreach (rows, i, row) {
			gpu_columns[c].cell(row, gpu_columns[c].key, text);
			if (widths[c] < (int)strlen(text))
				widths[c] = strlen(text);
		}
	}
}

/* A line of the table; row NULL: its head, with a category in the place of the names. */
static void table_line(const json_t *row, const char *category, const int widths[GPU_COLUMNS],
		       FILE *out)
{
	char text[GPU_CELL];

	for (size_t c = 0; c < GPU_COLUMNS; c++) {
		bool last = c + 1 == GPU_COLUMNS, left = gpu_columns[c].width < 0;

		if (row)
			gpu_columns[c].cell(row, gpu_columns[c].key, text);
		else
			snprintf(text, GPU_CELL, "%s", c == 0 ? category : gpu_columns[c].title);
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
	int widths[GPU_COLUMNS];
	json_t *rows = gpu_measured(summary);
	const char *category = "";
	const json_t *row;
	size_t i;

	table_head(summary, out);
	passthrough_table(summary, out);
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
	fprintf(out, "%s\n", gpu_worst_note);
	report_reasons(rows, "", plain_text, out);
	gpu_planned(summary, "planned: ", "\n", out);
	scores_table(summary, out);
	json_decref(rows);
}
