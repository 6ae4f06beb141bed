// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* summary.json of a run of gpumem-stress on a terminal, and what its other forms share. */
#include <stdlib.h>
#include <string.h>

#include "json_file.h"
#include "report_gpumem.h"
#include "util.h"

const struct stress_column stress_columns[] = {
	{"case", "title", NULL, -4},
	{"asked/s", "rate_asked", NULL, 7},
	{"reached/s", "rate_reached", "%.0f", 9},
	{"truth", "truth", NULL, 5},
	{"seen", "seen", NULL, 4},
	{"lost", "lost", NULL, 4},
	{"CPU %", "cpu_mean", "%.2f", 5},
	{"max", "cpu_max", "%.2f", 5},
	{"RSS MB", "rss_start_mb", "%.1f", 6},
	{"end", "rss_end_mb", "%.1f", 5},
	{"most", "rss_max_mb", "%.1f", 5},
	{"ns alone", "untraced_ns.p50", "%.0f", 5},
	{"traced", "traced_ns.p50", "%.0f", 5},
	{"exact", "verdict", NULL, -5},
};
const size_t stress_column_count = ARRAY_SIZE(stress_columns);

/* "-" where there is no such number: never a zero. A rate that was not asked for is all of it. */
void stress_cell(const json_t *row, const struct stress_column *column, char text[STRESS_CELL])
{
	const json_t *value = json_member(row, column->key);

	snprintf(text, STRESS_CELL, "-");
	if (!strcmp(column->key, "verdict"))
		snprintf(text, STRESS_CELL, "%s",
			 strcmp(json_text(row, "verdict"), "ok") ? "FAILED" : "yes");
	else if (json_is_string(value))
		snprintf(text, STRESS_CELL, "%s", json_string_value(value));
	else if (json_is_number(value) && column->real)
		snprintf(text, STRESS_CELL, column->real, json_number_value(value));
	else if (json_is_integer(value))
		snprintf(text, STRESS_CELL, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (!strcmp(column->key, "rate_asked"))
		snprintf(text, STRESS_CELL, "all");
}

static void table_rows(const json_t *rows, FILE *out)
{
	int widths[ARRAY_SIZE(stress_columns)];
	char text[STRESS_CELL];
	size_t i;

	for (size_t c = 0; c < stress_column_count; c++) {
		widths[c] = abs(stress_columns[c].width);
		if (widths[c] < (int)strlen(stress_columns[c].title))
			widths[c] = strlen(stress_columns[c].title);
		for (i = 0; i < json_array_size(rows); i++) {
			stress_cell(json_array_get(rows, i), &stress_columns[c], text);
			if (widths[c] < (int)strlen(text))
				widths[c] = strlen(text);
		}
	}
	for (i = 0; i <= json_array_size(rows); i++) /* the first is the head */
		for (size_t c = 0; c < stress_column_count; c++) {
			bool last = c + 1 == stress_column_count;

			snprintf(text, sizeof(text), "%s", stress_columns[c].title);
			if (i)
				stress_cell(json_array_get(rows, i - 1), &stress_columns[c], text);
			fprintf(out, "%*s%s",
				last			      ? 0
				: stress_columns[c].width < 0 ? -widths[c]
							      : widths[c],
				text, last ? "\n" : "  ");
		}
}

void stress_target_text(const json_t *target, FILE *out)
{
	const json_t *value = json_object_get(target, "value");

	fprintf(out, "%-7s %s %.10g %s", json_text(target, "verdict"), json_text(target, "text"),
		json_number_value(json_object_get(target, "limit")), json_text(target, "unit"));
	if (json_is_number(value))
		fprintf(out, ": %.10g %s", json_number_value(value), json_text(target, "unit"));
}

static double real(const json_t *object, const char *path)
{
	return json_number_value(json_member(object, path));
}

static void cost_note(const json_t *summary, const char *bullet, FILE *out)
{
	const json_t *cost = json_object_get(summary, "cost");

	if (*json_text(cost, "reason"))
		fprintf(out, "%sThe cost of a pair of calls is not known: %s\n", bullet,
			json_text(cost, "reason"));
	if (!json_is_object(json_object_get(cost, "added_traced")))
		return;
	fprintf(out,
		"%sA pair of cuMemAlloc and cuMemFree at full speed, medians of %" JSON_INTEGER_FORMAT
		" rounds of each in turn, p50 (mean): alone %.0f (%.0f) ns; three bare probes add "
		"%.0f (%.0f) ns; the tracer adds %.0f (%.0f) ns.\n",
		bullet, json_integer_value(json_object_get(cost, "rounds")), real(cost, "none.p50"),
		real(cost, "none.mean"), real(cost, "added_bare.p50"),
		real(cost, "added_bare.mean"), real(cost, "added_traced.p50"),
		real(cost, "added_traced.mean"));
	fprintf(out, "%sBare probes: %s; each runs a BPF program that returns 0.\n", bullet,
		json_text(json_object_get(summary, "setup"), "bare"));
}

static void place_note(const json_t *summary, const char *bullet, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup");

	if (json_is_integer(json_object_get(setup, "tracer_cpu")))
		fprintf(out,
			"%sThe tracer ran on CPU %" JSON_INTEGER_FORMAT
			", the stressor on CPU %" JSON_INTEGER_FORMAT ".\n",
			bullet, json_integer_value(json_object_get(setup, "tracer_cpu")),
			json_integer_value(json_object_get(setup, "victim_cpu")));
	else
		fprintf(out,
			"%sTracer and stressor were not set apart: this host has one CPU for both.\n",
			bullet);
}

void stress_notes(const json_t *summary, const char *bullet, FILE *out)
{
	cost_note(summary, bullet, out);
	fprintf(out,
		"%struth, seen, lost: calls, those that failed among them. CPU %%: of one CPU, mean and "
		"max.\n"
		"%sns: p50 of cuMemAlloc and p50 of cuMemFree as the stressor timed them, of "
		"cuMemAlloc alone at ratio 0; alone: in short runs without the tracer before and after "
		"the case. At a rate below the full one the stressor sleeps between calls, and caches "
		"are cold.\n"
		"%sPrinting is the live table, once a second; in the other cases nothing is printed. RSS "
		"is the tracer's at its first and last row of pidmon.\n",
		bullet, bullet, bullet);
	place_note(summary, bullet, out);
	fprintf(out,
		"%sKnown figures of a Go tracer under the first four loads, on ANOTHER machine "
		"(Ryzen 9 5950X, RTX 5090): at 4000/s CPU 13.8 %% mean with ratio 1, 16.0 %% mean and "
		"65 %% peak with ratio 0, 80 to 162 MB resident.\n",
		bullet);
}

void stress_table(const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup"), *target;
	const json_t *rows = json_object_get(summary, "rows");
	size_t i;

	fprintf(out, "host    %s: %s, Linux %s\ngpu     %s%s\ntime    %s%s\n\n",
		json_text(summary, "host"), json_text(setup, "cpu"), json_text(setup, "kernel"),
		json_text(setup, "gpu"),
		json_is_true(json_object_get(summary, "emulated"))
			? "; the driver's own times mean nothing"
			: "",
		json_text(summary, "time"),
		json_is_true(json_object_get(setup, "quick")) ? ", quick" : "");
	table_rows(rows, out);
	report_reasons(rows, "", plain_text, out);
	fputc('\n', out);
	json_array_foreach (json_object_get(summary, "targets"), i, target) {
		stress_target_text(target, out);
		fputc('\n', out);
	}
	fputc('\n', out);
	stress_notes(summary, "", out);
}
