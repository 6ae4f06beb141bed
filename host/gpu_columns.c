// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_columns.h"
#include "gpu_summary.h"
#include "json_file.h"
#include "util.h"

/* The categories of gpu/benches.def. */
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

void gpu_category_heading(const char *category, char *text, size_t size)
{
	const char *title = gpu_category_title(category);

	if (title == category)
		snprintf(text, size, "%s", category);
	else
		snprintf(text, size, "%s: %s", category, title);
}

const char *gpu_run_title(const json_t *summary)
{
	return strcmp(json_text(summary, "kind"), "gpu-overhead") ? "GPU virtualisation"
								  : "GPU instrumentation overhead";
}

bool gpu_is_planned(const json_t *row)
{
	return !strcmp(json_text(row, "verdict"), "WAIVED") &&
	       !strncmp(json_text(row, "reason"), "planned", strlen("planned"));
}

/* Four digits, all of a number above that; short, and of the same width in a column. */
static void real_text(double value, char text[GPU_CELL])
{
	double size = fabs(value);

	snprintf(text, GPU_CELL, "%.*f",
		 size < 10     ? 3
		 : size < 100  ? 2
		 : size < 1000 ? 1
			       : 0,
		 value);
	if (size > 0 && (size < 0.001 || size >= 1e9))
		snprintf(text, GPU_CELL, "%.3g", value);
}

/* The cells of a row. "-" where the row has no such number: never a zero. */

static void number_cell(const json_t *row, const char *key, char text[GPU_CELL])
{
	const json_t *value = json_object_get(row, key);

	snprintf(text, GPU_CELL, "-");
	if (json_is_integer(value))
		snprintf(text, GPU_CELL, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		real_text(json_real_value(value), text);
}

static void worst_cell(const json_t *row, const char *key, char text[GPU_CELL])
{
	(void)key;
	number_cell(row, strcmp(json_text(row, "better"), "higher") ? "max" : "min", text);
}

/*
 * Half the width of the median's interval: in % of it, or, where the median may be on either side
 * of 0 and has no such part, in the row's unit.
 */
static void interval_cell(const json_t *row, const char *key, char text[GPU_CELL])
{
	const json_t *interval = json_object_get(row, key);
	double low = json_number_value(json_array_get(interval, 0));
	double high = json_number_value(json_array_get(interval, 1));
	double p50 = json_number_value(json_object_get(row, "p50"));
	char number[GPU_CELL];
	const char *unit = json_text(row, "unit");
	bool is_pure = !strcmp(unit, "1");

	snprintf(text, GPU_CELL, "-");
	/* With less samples there is no such interval. */
	if (json_integer_value(json_object_get(row, "n")) < 6)
		return;
	if (low * high > 0) {
		snprintf(text, GPU_CELL, "%.2f %%", 50 * (high - low) / fabs(p50));
		return;
	}
	real_text((high - low) / 2, number);
	/* Percentage points, not a share of the median. */
	unit = strcmp(unit, "%") ? unit : "pp";
	snprintf(text, GPU_CELL, "%.20s%s%.8s", number, is_pure ? "" : " ", is_pure ? "" : unit);
}

static void text_cell(const json_t *row, const char *key, char text[GPU_CELL])
{
	snprintf(text, GPU_CELL, "%s", json_text(row, key));
}

/* The main table, on a terminal and in report.md. */
const struct gpu_column gpu_columns[GPU_COLUMNS] = {
	{"row", "id", -8, text_cell},		{"", "name", -8, text_cell},
	{"unit", "unit", -4, text_cell},	{"n", "n", 6, number_cell},
	{"p50", "p50", 8, number_cell},		{"p95", "p95", 8, number_cell},
	{"p99", "p99", 8, number_cell},		{"worst", NULL, 8, worst_cell},
	{"95 %", "p50_ci95", 8, interval_cell}, {"verdict", "verdict", -7, text_cell},
};

json_t *gpu_measured(const json_t *summary)
{
	json_t *rows = json_array(), *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (!gpu_is_planned(row))
			json_array_append(rows, row);
	}
	return rows;
}

void gpu_planned(const json_t *summary, const char *bullet, const char *end, FILE *out)
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

const char gpu_worst_note[] =
	"95 %: half the width of the median's 95 % interval, in % of the median, or in the row's unit "
	"(pp: percentage points) where the median may be 0. worst: the highest sample, the lowest where more is better.";
