// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* report.html row by row: the charts, every percentile, what disturbed it, what was counted. */
#include <string.h>

#include "chart.h"
#include "exit_rows.h"
#include "html.h"
#include "json_file.h"
#include "report_html.h"
#include "stats.h"
#include "util.h"

/* The prose of exits.def; NULL for a row that is not in it. */
static const char *prose_of(const char *id)
{
	for (int i = 0; i < EXIT_ROWS; i++)
		if (!strcmp(exit_rows[i].id, id))
			return exit_rows[i].prose;
	return NULL;
}

static void put_heading(const json_t *row, FILE *out)
{
	const char *id = json_text(row, "id"), *prose;

	/* A row in one of several surroundings says whose it is. */
	prose = prose_of(json_object_get(row, "row") ? json_text(row, "row") : id);
	fputs("<section class=\"row\" id=\"row-", out);
	html_anchor(id, out);
	fputs("\">\n<header><h3 class=\"id\">", out);
	html_text(id, out);
	fputs("</h3>", out);
	html_verdict(json_text(row, "verdict"), out);
	fputs("<span class=\"note\">", out);
	if (json_object_get(row, "path"))
		html_printf(out, "path %s", json_text(row, "path"));
	if (prose)
		html_printf(out, " · %s", prose);
	fputs("</span></header>\n", out);
	if (json_string_length(json_object_get(row, "reason"))) {
		fputs("<p class=\"reason\">", out);
		html_text(json_text(row, "reason"), out);
		fputs("</p>\n", out);
	}
}

static void put_charts(const json_t *row, FILE *out)
{
	struct distribution distribution;

	if (!distribution_read(row, &distribution)) {
		fputs("<p class=\"note\">This run has no histogram of the row, so there are no charts.</p>\n",
		      out);
		return;
	}
	fputs("<div class=\"charts\">\n<figure>\n", out);
	chart_histogram(row, &distribution, out);
	fputs("<figcaption>Histogram: samples in logarithmic bins, log scale</figcaption>\n</figure>\n"
	      "<figure>\n",
	      out);
	chart_ecdf(row, &distribution, out);
	fputs("<figcaption>ECDF: fraction of the samples up to a value</figcaption>\n</figure>\n</div>\n",
	      out);
	distribution_free(&distribution);
}

/* A cell of the grid; nothing where the row has no such number. */
static void put_fact(const json_t *value, const char *name, const char *unit, FILE *out)
{
	if (!json_is_number(value))
		return;
	fputs("<div><dt>", out);
	html_text(name, out);
	fputs("</dt><dd>", out);
	html_number(value, out);
	fputs(" <small>", out);
	html_text(unit, out);
	fputs("</small></dd></div>\n", out);
}

static void put_percentiles(const json_t *row, FILE *out)
{
	static const char *const others[][2] = {
		{"mean", "mean"},
		{"stddev", "standard deviation"},
		{"floor", "floor"},
		{"p50_minus_floor", "p50 − floor"},
		{"p50_minus_null", "p50 − syscall.null"},
		{"qemu_tax", "QEMU tax"},
		{"tracing_overhead", "tracing adds"},
	};
	const json_t *interval = json_object_get(row, "p50_ci95");
	const char *unit = json_text(row, "unit");

	fputs("<dl>\n", out);
	put_fact(json_object_get(row, "n"), "n", "samples", out);
	for (int i = 0; i < STATS_PERCENTILES; i++)
		put_fact(json_object_get(row, percentile_keys[i]), percentile_keys[i], unit, out);
	if (json_array_size(interval) == 2) {
		fputs("<div><dt>p50, 95 % interval</dt><dd>", out);
		html_number(json_array_get(interval, 0), out);
		fputs(" to ", out);
		html_number(json_array_get(interval, 1), out);
		fputs(" <small>", out);
		html_text(unit, out);
		fputs("</small></dd></div>\n", out);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		put_fact(json_object_get(row, others[i][0]), others[i][1], unit, out);
	put_fact(json_object_get(row, "saturated"), "saturated", "samples", out);
	fputs("</dl>\n", out);
}

/* "p50 3332, max 3332 insns" of a set of samples; nothing where it is empty. */
static void put_set(const json_t *contamination, const char *key, const char *words,
		    const char *unit, FILE *out)
{
	static const char *const keys[] = {"p50", "p99", "p99.9", "max"};
	const json_t *set = json_object_get(contamination, key);

	if (!json_is_object(set))
		return;
	fprintf(out, "; %s: ", words);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		fprintf(out, "%s%s ", i ? ", " : "", keys[i]);
		html_number(json_object_get(set, keys[i]), out);
	}
	html_printf(out, " %s", unit);
}

static void put_contamination(const json_t *row, FILE *out)
{
	static const char *const causes[] = {"interrupt", "steal"};
	const json_t *contamination = json_object_get(row, "contamination");
	const char *unit = json_text(row, "unit"), *separator = " (";

	if (!json_is_object(contamination))
		return;
	fputs("<p>Contamination: ", out);
	html_number(json_object_get(contamination, "n"), out);
	fputs(" of ", out);
	html_number(json_object_get(row, "n"), out);
	fputs(" samples disturbed", out);
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		const json_t *count = json_object_get(contamination, causes[i]);

		if (!json_is_integer(count))
			continue;
		fprintf(out, "%s%s ", separator, causes[i]);
		html_number(count, out);
		separator = ", ";
	}
	if (*separator == ',')
		fputs(")", out);
	put_set(contamination, "clean", "clean", unit, out);
	put_set(contamination, "flagged", "disturbed", unit, out);
	fputs(".</p>\n", out);
}

/* "msr_write 1, interrupt 2" of an object of counts. */
static void put_counts(const json_t *counts, FILE *out)
{
	const char *name, *separator = "";
	json_t *count;

	json_object_foreach ((json_t *)counts, name, count) {
		fputs(separator, out);
		html_printf(out, "%s ", name);
		html_number(count, out);
		separator = ", ";
	}
	if (!*separator)
		fputs("none", out);
}

static void put_row_proof(const json_t *row, FILE *out)
{
	const json_t *proof = json_object_get(row, "proof");

	if (!json_is_object(proof))
		return;
	fputs("<p>Proof: executed ", out);
	html_number(json_object_get(proof, "executed"), out);
	fputs(" times; exits, expected ", out);
	html_printf(out, "%s: ", json_text(proof, "expected"));
	html_number(json_object_get(proof, "exits"), out);
	fputs("; returns to user space ", out);
	html_number(json_object_get(proof, "userspace_exits"), out);
	fputs("; other exits ", out);
	put_counts(json_object_get(proof, "other"), out);
	fputs(".</p>\n", out);
}

void html_rows(const json_t *summary, FILE *out)
{
	const json_t *row;
	size_t i;

	fputs("<h2 id=\"rows\">Distributions</h2>\n", out);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		put_heading(row, out);
		if (json_object_get(row, "n")) {
			put_charts(row, out);
			put_percentiles(row, out);
			put_contamination(row, out);
		}
		put_row_proof(row, out);
		fputs("</section>\n", out);
	}
}

void html_proof(const json_t *summary, FILE *out)
{
	static const char *const titles[] = {"row",
					     "verdict",
					     "expected exit",
					     "#executed, times",
					     "#exits",
					     "#returns to user space",
					     "KVM events counted",
					     "other exits"};
	static const char *const keys[] = {"executed", "exits", "userspace_exits"};
	const json_t *row;
	bool any = false;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		const json_t *proof = json_object_get(row, "proof");

		if (!json_is_object(proof))
			continue;
		if (!any) {
			fputs("<h2 id=\"proof\">Proof</h2>\n", out);
			html_table_begin("pinned", "What was counted for each row", out);
			fputs("<thead><tr>", out);
			html_columns(titles, ARRAY_SIZE(titles), out);
			fputs("</tr></thead>\n<tbody>\n", out);
		}
		any = true;
		fputs("<tr><th scope=\"row\" class=\"id\">", out);
		html_text(json_text(row, "id"), out);
		fputs("</th><td>", out);
		html_verdict(json_text(row, "verdict"), out);
		fputs("</td>", out);
		html_text_cell(json_text(proof, "expected"), out);
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			html_number_cell(json_object_get(proof, keys[k]), out);
		fputs("<td>", out);
		put_counts(json_object_get(proof, "events"), out);
		fputs("</td><td class=\"words\">", out);
		put_counts(json_object_get(proof, "other"), out);
		fputs("</td></tr>\n", out);
	}
	if (!any)
		return;
	fputs("</tbody>\n", out);
	html_table_end(out);
	fputs("<p class=\"note\">Times, counted by the host in a second pass of the same rows. PROVED: these are the counts that the "
	      "row must cause, and what else happened comes to any guest (interrupts, page faults, its timer).</p>\n",
	      out);
}
