// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* report.html of a GPU run: category by category a table, metrics by their points, distributions.
 */
#include <stdbool.h>
#include <string.h>

#include "chart_real.h"
#include "gpu_passthrough.h"
#include "gpu_summary.h"
#include "html.h"
#include "json_file.h"
#include "report.h"
#include "report_gpu.h"
#include "report_html.h"
#include "scores.h"
#include "util.h"

static bool has_numbers(const json_t *row)
{
	return json_object_get(row, "p50");
}

/* A real number with four digits; a dash for all else. */
static void put_real(const json_t *value, FILE *out)
{
	char label[32];

	fputs(json_is_number(value) ? real_label(json_number_value(value), label) : "–", out);
}

static void put_real_cell(const json_t *value, FILE *out)
{
	fputs("<td class=\"number\">", out);
	put_real(value, out);
	fputs("</td>", out);
}

static void put_fact(const char *name, const char *text, FILE *out)
{
	fprintf(out, "<div><dt>%s</dt><dd>", name);
	html_text(text, out);
	fputs("</dd></div>\n", out);
}

/* The limits of the system that was measured; those that are none are left out. */
static void put_limits(const json_t *setup, FILE *out)
{
	static const char *const limits[][2] = {{"preload", "preloaded"},
						{"mem_limit", "memory limit"},
						{"sm_limit", "SM limit, %"}};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (strcmp(json_text(setup, limits[i][0]), "none"))
			put_fact(limits[i][1], json_text(setup, limits[i][0]), out);
	if (json_is_true(json_object_get(setup, "quick")))
		put_fact("quick", "yes: fewer samples, wider intervals", out);
	if (json_integer_value(json_object_get(setup, "plant")) > 1)
		put_fact("control", "each operation was done several times for one", out);
}

/* Three places, as on a terminal; a dash for none. */
static void put_score(const json_t *score, FILE *out)
{
	if (json_is_number(score))
		fprintf(out, "%.3f", json_number_value(score));
	else
		fputs("–", out);
}

static void put_head(const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup");
	const json_t *rows = json_object_get(summary, "rows");
	const json_t *scores = json_object_get(summary, "scores");

	fputs("<h1>", out);
	html_printf(out, "%s on %s", gpu_run_title(summary), json_text(summary, "host"));
	fputs("</h1>\n<p class=\"note\">", out);
	html_printf(out, "%s · %s · driver %s · CUDA %s", json_text(summary, "time"),
		    json_text(setup, "gpu"), json_text(setup, "driver"), json_text(setup, "cuda"));
	fputs("</p>\n", out);
	if (json_is_true(json_object_get(summary, "emulated")))
		fputs("<p class=\"bad\">There was no GPU: the numbers mean nothing.</p>\n", out);
	fputs("<dl class=\"summary\">\n", out);
	put_fact("system", json_text(setup, "system"), out);
	put_limits(setup, out);
	fputs("<div><dt>run</dt><dd>", out);
	html_verdict(json_text(summary, "status"), out);
	fprintf(out, "</dd></div>\n<div><dt>%zu rows</dt><dd>", json_array_size(rows));
	html_verdicts(rows, out);
	fputs("</dd></div>\n", out);
	if (json_is_number(json_object_get(scores, "total"))) {
		fputs("<div><dt>score</dt><dd><a href=\"#scores\">", out);
		put_score(json_object_get(scores, "total"), out);
		fputs("</a>, ", out);
		html_text(json_text(scores, "grade"), out);
		fputs("</dd></div>\n", out);
	}
	fputs("</dl>\n", out);
}

/* Each metric of the category that is not counted, or counts as 0, with the reason. */
static void put_score_reasons(const json_t *scores, FILE *out)
{
	const json_t *metric;
	const char *separator = "<p class=\"note\">Not as measured: ";
	size_t i;

	json_array_foreach (json_object_get(scores, "metrics"), i, metric) {
		const char *reason = json_text(metric, "reason");

		if (!*reason || !strcmp(reason, "planned"))
			continue;
		fputs(separator, out);
		html_printf(out, "%s (%s)", json_text(metric, "metric"), reason);
		separator = ", ";
	}
	if (*separator == ',')
		fputs(". FAILED and INVALID count as 0, the others do not count.</p>\n", out);
}

static void put_score_row(const json_t *category, FILE *out)
{
	const json_t *worst = json_object_get(category, "worst");
	const char *id = json_text(category, "category");

	fputs("<tr><th scope=\"row\">", out);
	html_printf(out, "%s, %s", id, gpu_category_title(id));
	fprintf(out,
		"</th><td class=\"number\">%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
		"</td>",
		json_integer_value(json_object_get(category, "counted")),
		json_integer_value(json_object_get(category, "metrics")));
	html_number_cell(json_object_get(category, "weight"), out);
	fputs("<td class=\"number\">", out);
	put_score(json_object_get(category, "score"), out);
	fputs("</td>", out);
	html_text_cell(json_is_string(worst) ? json_text(category, "grade") : "–", out);
	fputs("<td>", out);
	if (json_is_string(worst)) {
		html_printf(out, "%s ", json_string_value(worst));
		put_score(json_object_get(category, "worst_score"), out);
	}
	fputs("</td></tr>\n", out);
}

static void put_scores(const json_t *summary, FILE *out)
{
	static const char *const titles[] = {"category", "#metrics counted", "#weight", "#score",
					     "grade",	 "worst metric"};
	const json_t *scores = json_object_get(summary, "scores"), *category;
	const json_t *reference = json_object_get(scores, "reference");
	size_t i;

	if (!json_is_object(scores))
		return;
	fputs("<h2 id=\"scores\">Scores</h2>\n<p>", out);
	html_printf(out, "Held against %s on %s, system %s: 1 is as good as that in every row.",
		    json_text(reference, "run"), json_text(reference, "host"),
		    json_text(reference, "system"));
	fputs("</p>\n", out);
	html_table_begin("pinned", "Scores of each category", out);
	fputs("<thead><tr>", out);
	html_columns(titles, ARRAY_SIZE(titles), out);
	fputs("</tr></thead>\n<tbody>\n", out);
	json_array_foreach (json_object_get(scores, "categories"), i, category) {
		put_score_row(category, out);
	}
	fputs("</tbody>\n", out);
	html_table_end(out);
	put_score_reasons(scores, out);
	fputs("<p class=\"note\">Grades: ", out);
	scores_thresholds(out);
	fputs(".</p>\n", out);
}

/* The 95 % interval of the median; below 6 samples there is none. */
static void put_interval_cell(const json_t *row, FILE *out)
{
	const json_t *interval = json_object_get(row, "p50_ci95");
	bool few = json_integer_value(json_object_get(row, "n")) < 6;

	fputs("<td class=\"number\">", out);
	put_real(few ? NULL : json_array_get(interval, 0), out);
	if (!few) {
		fputs(" to ", out);
		put_real(json_array_get(interval, 1), out);
	}
	fputs("</td>", out);
}

static void put_row(const json_t *summary, const json_t *row, bool first, FILE *out)
{
	static const char *const keys[] = {"p50", NULL, "p95", "p99"};
	const char *metric = json_text(row, "metric");
	struct real_axis axis;

	fputs("<tr><th scope=\"row\" class=\"id\">", out);
	if (has_numbers(row)) {
		fputs("<a href=\"#row-", out);
		html_anchor(json_text(row, "id"), out);
		fputs("\">", out);
	}
	html_text(json_text(row, "id"), out);
	fputs(has_numbers(row) ? "</a></th>" : "</th>", out);
	html_text_cell(first ? json_text(row, "name") : "", out);
	html_text_cell(json_text(row, "unit"), out);
	html_number_cell(json_object_get(row, "n"), out);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i]) {
			put_real_cell(json_object_get(row, keys[i]), out);
			continue;
		}
		put_interval_cell(row, out);
	}
	fputs("<td>", out);
	html_verdict(json_text(row, "verdict"), out);
	fputs("</td><td>", out);
	if (has_numbers(row) && real_axis_of_metric(summary, metric, &axis))
		chart_box(row, &axis, out);
	fputs("</td></tr>\n", out);
}

static void put_table(const json_t *summary, const json_t *rows, FILE *out)
{
	static const char *const titles[] = {"row",	"",
					     "unit",	"#n",
					     "#p50",	"#95 % interval",
					     "#p95",	"#p99",
					     "verdict", "p1–p99, thick p25–p75"};
	const char *metric = "";
	const json_t *row;
	size_t i;

	html_table_begin("pinned", "Rows of the category", out);
	fputs("<thead><tr>", out);
	html_columns(titles, ARRAY_SIZE(titles), out);
	fputs("</tr></thead>\n<tbody>\n", out);
	json_array_foreach (rows, i, row) {
		put_row(summary, row, strcmp(metric, json_text(row, "metric")), out);
		metric = json_text(row, "metric");
	}
	fputs("</tbody>\n", out);
	html_table_end(out);
}

static void put_sweeps(const json_t *summary, const json_t *rows, FILE *out)
{
	const char *metric = "";
	const json_t *row;
	bool any = false;
	size_t i;

	json_array_foreach (rows, i, row) {
		struct sweep sweep;

		if (!strcmp(metric, json_text(row, "metric")))
			continue;
		metric = json_text(row, "metric");
		if (!sweep_read(summary, metric, &sweep))
			continue;
		fputs(any ? "" : "<div class=\"charts\">\n", out);
		any = true;
		fputs("<figure>\n", out);
		chart_sweep(&sweep, out);
		fputs("<figcaption>", out);
		html_printf(out, "%s, %s: p50 and its 95 %% interval, p25 to p75 shaded", metric,
			    json_text(row, "name"));
		fputs("</figcaption>\n</figure>\n", out);
	}
	fputs(any ? "</div>\n" : "", out);
}

static void put_distributions(const json_t *rows, FILE *out)
{
	const json_t *row;
	bool any = false;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!has_numbers(row) || !json_array_size(json_object_get(row, "histogram")))
			continue;
		fputs(any ? "" : "<div class=\"charts distributions\">\n", out);
		any = true;
		fputs("<figure id=\"row-", out);
		html_anchor(json_text(row, "id"), out);
		fputs("\">\n", out);
		chart_real(row, out);
		fputs("<figcaption><span class=\"id\">", out);
		html_text(json_text(row, "id"), out);
		fputs("</span> ", out);
		html_verdict(json_text(row, "verdict"), out);
		fputs(" p50 ", out);
		put_real(json_object_get(row, "p50"), out);
		html_printf(out, "%s%s, stddev ", *real_unit(row) ? " " : "", real_unit(row));
		put_real(json_object_get(row, "stddev"), out);
		fputs(", min ", out);
		put_real(json_object_get(row, "min"), out);
		fputs(", max ", out);
		put_real(json_object_get(row, "max"), out);
		fputs("</figcaption>\n</figure>\n", out);
	}
	fputs(any ? "</div>\n" : "", out);
}

/* The rows of a category that are not planned; a new reference. */
static json_t *rows_of(const json_t *summary, const char *category)
{
	json_t *rows = json_array(), *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (!strcmp(json_text(row, "category"), category) && !gpu_is_planned(row))
			json_array_append(rows, row);
	}
	return rows;
}

static void put_category(const json_t *summary, const char *category, FILE *out)
{
	json_t *rows = rows_of(summary, category);
	char heading[128];

	if (json_array_size(rows)) {
		fputs("<h2 id=\"category-", out);
		html_anchor(category, out);
		fputs("\">", out);
		gpu_category_heading(category, heading, sizeof(heading));
		html_printf(out, "%s", heading);
		fputs("</h2>\n", out);
		put_table(summary, rows, out);
		html_reasons(rows, out);
		put_sweeps(summary, rows, out);
		put_distributions(rows, out);
	}
	json_decref(rows);
}

static void put_planned(const json_t *summary, FILE *out)
{
	const json_t *row;
	const char *separator = "<p class=\"note\">Planned, not measured: ";
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (!gpu_is_planned(row))
			continue;
		fputs(separator, out);
		html_printf(out, "%s %s", json_text(row, "id"), json_text(row, "name"));
		separator = ", ";
	}
	fputs(*separator == ',' ? ".</p>\n" : "", out);
}

/* What else the measurements say of themselves. */
static void put_row_facts(const json_t *rows, FILE *out)
{
	const json_t *row;
	size_t i;

	fputs("<h2 id=\"facts\">Facts</h2>\n", out);
	html_table_begin("facts", "What the rows say of themselves", out);
	fputs("<tbody>\n", out);
	json_array_foreach (rows, i, row) {
		const json_t *facts = json_object_get(row, "facts");

		if (!json_object_size(facts))
			continue;
		fputs("<tr><th scope=\"row\">", out);
		html_text(json_text(row, "id"), out);
		fputs("</th><td>", out);
		html_value(facts, out);
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody>\n", out);
	html_table_end(out);
}

void report_gpu_html(const json_t *summary, FILE *out)
{
	const json_t *rows = json_object_get(summary, "rows"), *row;
	const char *category = "";
	char title[512];
	size_t i;

	snprintf(title, sizeof(title), "%s on %s, %s", gpu_run_title(summary),
		 json_text(summary, "host"), json_text(summary, "time"));
	html_begin(title, out);
	put_head(summary, out);
	passthrough_html(summary, out);
	put_scores(summary, out);
	json_array_foreach (rows, i, row) {
		if (!strcmp(category, json_text(row, "category")))
			continue;
		category = json_text(row, "category");
		put_category(summary, category, out);
	}
	put_planned(summary, out);
	put_row_facts(rows, out);
	html_host(summary, out);
	html_repeat(summary, out);
	html_foot(summary, out);
	html_end(out);
}
