// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Samples of the same row in the same surroundings, from several runs, as one set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ab.h"
#include "card.h"
#include "json_file.h"
#include "record.h"
#include "report.h"
#include "stats.h"
#include "util.h"

const struct ab_cell ab_cells[AB_CELLS] = {
	{"plain", false, false},
	{"isolated", true, false},
	{"plain, disturbed", false, true},
	{"isolated, disturbed", true, true},
};

/* A cell's runs, opened. */
struct opened {
	struct record_file *records;
	json_t **summaries;
	size_t count;
};

static void close_runs(struct opened *opened)
{
	for (size_t i = 0; i < opened->count; i++) {
		record_file_close(&opened->records[i]);
		json_decref(opened->summaries[i]);
	}
	free(opened->records);
	free(opened->summaries);
}

static int open_runs(struct opened *opened, const struct ab_runs *runs)
{
	char path[4200], why[RECORD_WHY];

	*opened = (struct opened){calloc(runs->count, sizeof(*opened->records)),
				  calloc(runs->count, sizeof(*opened->summaries)), 0};
	if (!opened->records || !opened->summaries)
		die("no memory for %zu runs", runs->count);
	for (size_t i = 0; i < runs->count; i++) {
		json_t *summary = NULL;

		snprintf(path, sizeof(path), "%s/run.rec", runs->path[i]);
		if (json_file_read(runs->path[i], "summary.json", &summary))
			return -1;
		if (!summary) {
			pr_err("%s/summary.json is missing; exitlab report makes it anew",
			       runs->path[i]);
			return -1;
		}
		if (record_file_open(&opened->records[i], path, why)) {
			pr_err("%s: %s", path, why);
			json_decref(summary);
			return -1;
		}
		opened->summaries[i] = summary;
		opened->count++;
	}
	return 0;
}

static bool row_is(const json_t *row, const char *verdict)
{
	return !strcmp(json_text(row, "verdict"), verdict);
}

/* The row of the run whose verdict counts: the first INVALID one, else the first not PROVED. */
static const json_t *verdict_of(const struct opened *opened, const char *id)
{
	const json_t *worst = NULL;

	for (size_t i = 0; i < opened->count; i++) {
		const json_t *row = summary_row(opened->summaries[i], id);

		if (row && (!worst || (row_is(row, "INVALID") && !row_is(worst, "INVALID")) ||
			    (row_is(worst, "PROVED") && !row_is(row, "PROVED"))))
			worst = row;
	}
	return worst;
}

static void add_statistics(json_t *out, const uint32_t *sorted, size_t n, uint64_t saturated)
{
	uint64_t bins[HISTOGRAM_BINS] = {0};
	struct stats stats;

	stats_of_sorted(sorted, n, &stats);
	histogram_add(bins, sorted, n);
	json_object_set_new(out, "n", json_integer(n));
	json_object_set_new(out, "saturated", json_integer(saturated));
	for (int i = 0; i < STATS_PERCENTILES; i++)
		json_object_set_new(out, percentile_keys[i], json_integer(stats.at[i]));
	json_object_set_new(out, "mean", json_real(round(stats.mean * 1000) / 1000));
	json_object_set_new(out, "stddev", json_real(round(stats.stddev * 1000) / 1000));
	json_object_set_new(
		out, "p50_ci95",
		json_pack("[I, I]", (json_int_t)stats.median_low, (json_int_t)stats.median_high));
	json_object_set_new(out, "histogram", histogram_summary(bins));
}

/* One row in one cell; NULL where no run of it has the row. */
static json_t *pool(const struct opened *opened, const struct ab_cell *cell, int row)
{
	const char *id = exit_rows[row].id;
	const json_t *verdict = verdict_of(opened, id);
	uint32_t *samples, *scratch;
	uint64_t saturated = 0;
	size_t n = 0, at = 0;
	json_t *out;

	if (!verdict)
		return NULL;
	out = json_pack("{s:o, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:s}", "id",
			json_sprintf("%s, %s", id, cell->name), "row", id, "cell", cell->name,
			"isolated", cell->isolated, "disturbed", cell->disturbed, "unit",
			json_text(verdict, "unit"), "better", "lower", "verdict",
			json_text(verdict, "verdict"), "reason", json_text(verdict, "reason"));
	for (size_t i = 0; i < opened->count; i++)
		n += opened->records[i].rows[PASS_TIMED][row].header.kind == RECORD_ROW
			     ? opened->records[i].rows[PASS_TIMED][row].header.count
			     : 0;
	if (!n)
		return out;
	samples = malloc(2 * n * sizeof(*samples));
	if (!samples)
		die("no memory for %zu samples", n);
	scratch = samples + n;
	for (size_t i = 0; i < opened->count; i++) {
		const struct record *record = &opened->records[i].rows[PASS_TIMED][row];

		if (record->header.kind != RECORD_ROW)
			continue;
		memcpy(samples + at, record->payload, record->header.count * sizeof(*samples));
		at += record->header.count;
		saturated += record->header.saturated;
	}
	stats_sort(samples, scratch, n);
	add_statistics(out, samples, n, saturated);
	free(samples);
	return out;
}

/* The cards of a cell's runs: how each was judged, and where it lies. */
static json_t *cards_of(const struct opened *opened, const struct ab_runs *runs)
{
	json_t *cards = json_array();

	for (size_t i = 0; i < opened->count; i++) {
		const json_t *card = json_object_get(opened->summaries[i], "card");
		const char *name = strstr(runs->path[i], "/runs/");
		char text[1024];

		card_describe(card, text, sizeof(text));
		json_array_append_new(
			cards, json_pack("{s:s?, s:s, s:s}", "verdict",
					 json_is_object(card) ? json_text(card, "verdict") : NULL,
					 "text", text, "run", name ? name + 1 : runs->path[i]));
	}
	return cards;
}

bool ab_invalid(const json_t *summary)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row)
		if (row_is(row, "INVALID"))
			return true;
	return false;
}

/* The summary of the first run of all: what it says of the host holds for the others. */
static const json_t *first_of(const struct opened opened[AB_CELLS])
{
	for (int i = 0; i < AB_CELLS; i++)
		if (opened[i].count)
			return opened[i].summaries[0];
	return NULL;
}

json_t *ab_summary(const struct ab_runs runs[AB_CELLS], const char *time)
{
	struct opened opened[AB_CELLS] = {0};
	json_t *summary = NULL, *rows = json_array(), *cells = json_array();
	const json_t *first;
	int error = 0;

	for (int i = 0; !error && i < AB_CELLS; i++)
		error = open_runs(&opened[i], &runs[i]);
	for (int row = 0; !error && row < EXIT_ROWS; row++)
		for (int i = 0; i < AB_CELLS; i++) {
			json_t *pooled =
				opened[i].count ? pool(&opened[i], &ab_cells[i], row) : NULL;

			if (pooled)
				json_array_append_new(rows, pooled);
		}
	for (int i = 0; !error && i < AB_CELLS; i++)
		if (opened[i].count)
			json_array_append_new(cells, json_pack("{s:s, s:b, s:b, s:o}", "cell",
							       ab_cells[i].name, "isolated",
							       ab_cells[i].isolated, "disturbed",
							       ab_cells[i].disturbed, "cards",
							       cards_of(&opened[i], &runs[i])));
	first = error ? NULL : first_of(opened);
	if (first)
		summary = json_pack("{s:s, s:s, s:O*, s:s, s:O*, s:O*, s:O*, s:s, s:O*, s:O, s:O}",
				    "schema", "exitlab-summary/1", "kind", "isolation-ab", "host",
				    json_object_get(first, "host"), "time", time, "tool",
				    json_object_get(first, "tool"), "clock",
				    json_object_get(first, "clock"), "emulated",
				    json_object_get(first, "emulated"), "status", "ok", "setup",
				    json_object_get(first, "setup"), "cells", cells, "rows", rows);
	if (ab_invalid(summary))
		json_object_set_new(summary, "status", json_string("invalid"));
	for (int i = 0; i < AB_CELLS; i++)
		close_runs(&opened[i]);
	json_decref(rows);
	json_decref(cells);
	return summary;
}

static const char *const columns[] = {"n", "p50", "p99", "p99.9", "max"};

/* How many of a cell's cards are CLEAN, "CLEAN 2 of 3". */
static void print_cards(const json_t *summary, const json_t *row, FILE *out)
{
	const json_t *cell, *card;
	size_t i, j, clean = 0;

	json_array_foreach (json_object_get(summary, "cells"), i, cell) {
		const json_t *cards = json_object_get(cell, "cards");

		if (strcmp(json_text(cell, "cell"), json_text(row, "cell")))
			continue;
		json_array_foreach (cards, j, card)
			clean += !strcmp(json_text(card, "verdict"), "CLEAN");
		fprintf(out, "CLEAN %zu of %zu", clean, json_array_size(cards));
	}
}

static const char *yes(const json_t *row, const char *key)
{
	return json_is_true(json_object_get(row, key)) ? "yes" : "no";
}

static void print_number(const json_t *row, const char *key, const char *format, FILE *out)
{
	const json_t *value = json_object_get(row, key);
	char text[32] = "-";

	if (json_is_integer(value))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	fprintf(out, format, text);
}

/* What is wrong: with rows that are INVALID, with cards that are not CLEAN. */
static void print_reasons(const json_t *summary, const char *bullet,
			  void (*text)(const char *, FILE *), FILE *out)
{
	const json_t *cell, *card, *row;
	size_t i, j;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (row_is(row, "INVALID")) {
			fprintf(out, "%s%s: INVALID: ", bullet, json_text(row, "id"));
			text(json_text(row, "reason"), out);
			fputc('\n', out);
		}
	}
	json_array_foreach (json_object_get(summary, "cells"), i, cell) {
		json_array_foreach (json_object_get(cell, "cards"), j, card) {
			if (strcmp(json_text(card, "verdict"), "CLEAN")) {
				fprintf(out, "%s%s, round %zu: ", bullet, json_text(cell, "cell"),
					j + 1);
				text(json_text(card, "text"), out);
				fputc('\n', out);
			}
		}
	}
}

void ab_table(const json_t *summary, FILE *out)
{
	const json_t *row, *setup = json_object_get(summary, "setup");
	size_t i;

	fprintf(out, "host    %s%s: %s, Linux %s\nclock   %s, %s\ntime    %s\n\n",
		json_text(summary, "host"),
		json_is_true(json_object_get(summary, "emulated")) ? ", emulated" : "",
		json_text(setup, "cpu"), json_text(setup, "kernel"), json_text(summary, "clock"),
		report_unit(summary), json_text(summary, "time"));
	fprintf(out, "%-18s %-8s %-9s %8s %9s %9s %9s %10s  %-8s  %s\n", "row", "isolated",
		"disturbed", "n", "p50", "p99", "p99.9", "max", "verdict", "card");
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		fprintf(out, "%-18s %-8s %-9s", json_text(row, "row"), yes(row, "isolated"),
			yes(row, "disturbed"));
		for (size_t k = 0; k < ARRAY_SIZE(columns); k++)
			print_number(row, columns[k],
				     k == 0			   ? " %8s"
				     : k + 1 < ARRAY_SIZE(columns) ? " %9s"
								   : " %10s",
				     out);
		fprintf(out, "  %-8s  ", json_text(row, "verdict"));
		print_cards(summary, row, out);
		fputc('\n', out);
	}
	print_reasons(summary, "", report_offenders, out);
}

void ab_markdown(const json_t *summary, FILE *out)
{
	const json_t *row;
	size_t i;

	fputs("# Isolation on ", out);
	markdown_text(json_text(summary, "host"), out);
	fprintf(out,
		"\n\n%s. Unit: %s. The rows of all rounds are pooled; the runs are in `runs/`, each "
		"with its own report.\n\n| row | isolated | disturbed |",
		json_text(summary, "time"), report_unit(summary));
	for (size_t k = 0; k < ARRAY_SIZE(columns); k++)
		fprintf(out, " %s |", columns[k]);
	fputs(" verdict | card |\n| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |\n",
	      out);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		fprintf(out, "| %s | %s | %s |", json_text(row, "row"), yes(row, "isolated"),
			yes(row, "disturbed"));
		for (size_t k = 0; k < ARRAY_SIZE(columns); k++)
			print_number(row, columns[k], " %s |", out);
		fprintf(out, " %s | ", json_text(row, "verdict"));
		print_cards(summary, row, out);
		fputs(" |\n", out);
	}
	fputc('\n', out);
	print_reasons(summary, "- ", markdown_text, out);
}
