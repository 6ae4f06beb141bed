// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* results/index.html: the runs of each host, and how their medians went. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "card.h"
#include "chart.h"
#include "html.h"
#include "index.h"
#include "json_file.h"
#include "util.h"

/* The rows whose p50 stands beside a run, where it has them. */
static const char *const key_rows[] = {"user.cpuid", "user.outb", "kernel.cpuid", "kernel.outb"};

static bool is_stress(const json_t *summary)
{
	return !strcmp(json_text(summary, "kind"), "gpumem-stress");
}

/* Time on an emulated host, or on a GPU that is none, means nothing, but for what a tracer costs.
 */
static bool is_of_use(const json_t *summary)
{
	return is_stress(summary) || !strcmp(json_text(summary, "clock"), "insn") ||
	       !json_is_true(json_object_get(summary, "emulated"));
}

/* A row's p50, NULL where the run has none that may be used. */
static const json_t *p50_of(const json_t *summary, const char *id, const json_t **row)
{
	const json_t *p50;

	*row = summary_row(summary, id);
	p50 = json_object_get(*row, "p50");
	return strcmp(json_text(*row, "verdict"), "INVALID") && json_is_number(p50) ? p50 : NULL;
}

static bool any_has(const struct index_entry *runs, size_t count, const char *id)
{
	const json_t *row;

	for (size_t i = 0; i < count; i++)
		if (p50_of(runs[i].summary, id, &row))
			return true;
	return false;
}

static void put_link(const struct index_entry *entry, const char *file, FILE *out)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s%s%s", entry->host, entry->name, *file ? "/" : "", file);
	fputs("<a href=\"", out);
	html_url(path, out);
	fputs("\">", out);
}

/* The rows whose numbers are what they claim to be. */
static void put_proved(const json_t *summary, FILE *out)
{
	const char *good = summary_is_of_gpu(summary) || is_stress(summary) ? "ok" : "PROVED";
	const json_t *rows = json_object_get(summary, "rows"), *row;
	size_t i, proved = 0;

	json_array_foreach (rows, i, row) {
		proved += !strcmp(json_text(row, "verdict"), good);
	}
	fprintf(out, "<td class=\"number\">%zu of %zu</td>", proved, json_array_size(rows));
}

/* "vmexit"; "gpu: native, NVIDIA H200". */
static void put_kind(const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup");

	fputs("<td>", out);
	html_text(json_text(summary, "kind"), out);
	if (summary_is_of_gpu(summary))
		html_printf(out, ": %s, %s", json_text(setup, "system"), json_text(setup, "gpu"));
	else if (is_stress(summary))
		html_printf(out, ": %s", json_text(setup, "gpu"));
	fputs("</td>", out);
}

static void put_run(const struct index_entry *entry, const bool *shown, FILE *out)
{
	const json_t *summary = entry->summary, *card = json_object_get(summary, "card");
	bool emulated = json_is_true(json_object_get(summary, "emulated"));

	fputs("<tr><th scope=\"row\">", out);
	put_link(entry, entry->report ?: "summary.json", out);
	html_text(json_text(summary, "time"), out);
	fputs("</a></th>", out);
	put_kind(summary, out);
	fputs("<td>", out);
	html_printf(out, "%s%s%s", json_text(summary, "clock"), emulated ? ", emulated" : "",
		    is_of_use(summary) ? "" : ": means nothing");
	fputs("</td><td>", out);
	html_verdict(json_text(summary, "status"), out);
	fputs("</td>", out);
	put_proved(summary, out);
	fputs("<td>", out);
	if (json_is_object(card))
		html_verdict(json_text(card, "verdict"), out);
	else
		fputs("–", out);
	fputs("</td>", out);
	for (size_t i = 0; i < ARRAY_SIZE(key_rows); i++) {
		const json_t *row, *p50;

		if (!shown[i])
			continue;
		p50 = is_of_use(summary) ? p50_of(summary, key_rows[i], &row) : NULL;
		fputs("<td class=\"number\">", out);
		html_number(p50, out);
		if (p50)
			html_printf(out, " %s", json_text(row, "unit"));
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void put_runs(const struct index_entry *runs, size_t count, FILE *out)
{
	static const char *const titles[] = {"time, UTC", "kind",	 "clock",
					     "run",	  "#PROVED, ok", "report card"};
	bool shown[ARRAY_SIZE(key_rows)];

	html_table_begin("pinned", "Runs of one host", out);
	fputs("<thead><tr>", out);
	html_columns(titles, ARRAY_SIZE(titles), out);
	for (size_t i = 0; i < ARRAY_SIZE(key_rows); i++) {
		shown[i] = any_has(runs, count, key_rows[i]);
		if (!shown[i])
			continue;
		fputs("<th scope=\"col\" class=\"number\">", out);
		html_text(key_rows[i], out);
		fputs("<small>p50</small></th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t i = 0; i < count; i++)
		put_run(&runs[i], shown, out);
	fputs("</tbody>\n", out);
	html_table_end(out);
}

/* Do the numbers of two runs of one host mean the same? */
static bool comparable(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {"kind", "clock"};
	static const char *const gpu_keys[] = {"gpu", "system", "mem_limit", "sm_limit", "plant"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(json_text(a, keys[i]), json_text(b, keys[i])))
			return false;
	if (!json_equal(json_object_get(a, "emulated"), json_object_get(b, "emulated")))
		return false;
	for (size_t i = 0; summary_is_of_gpu(a) && i < ARRAY_SIZE(gpu_keys); i++)
		if (!json_equal(json_object_get(json_object_get(a, "setup"), gpu_keys[i]),
				json_object_get(json_object_get(b, "setup"), gpu_keys[i])))
			return false;
	return true;
}

/* To four digits, or to a whole number where that takes more. */
static const char *rounded(double value, char text[32])
{
	snprintf(text, 32, fabs(value) >= 1000 || value == rint(value) ? "%.0f" : "%.4g", value);
	return text;
}

/* How the p50 of one row went, from the oldest of the comparable runs to the newest. */
static void put_course(const struct index_entry *const *runs, size_t count, const char *id,
		       double *values, FILE *out)
{
	const json_t *row, *last = NULL;
	char label[512], course[128], from[32], to[32];
	const char *unit;
	size_t found = 0;

	for (size_t i = count; i-- > 0;) {
		const json_t *p50 = p50_of(runs[i]->summary, id, &row);

		if (!p50)
			continue;
		values[found++] = json_number_value(p50);
		last = row;
	}
	if (found < 2)
		return;
	unit = json_text(last, "unit");
	/* That of an index or of a count says nothing. */
	snprintf(course, sizeof(course), "%s → %s%s%s", rounded(values[0], from),
		 rounded(values[found - 1], to), strcmp(unit, "1") ? " " : "",
		 strcmp(unit, "1") ? unit : "");
	snprintf(label, sizeof(label), "%s: p50 of %zu runs, %s", id, found, course);
	fputs("<figure>", out);
	chart_course(values, found, label, out);
	fputs("<figcaption><span class=\"id\">", out);
	html_text(id, out);
	fputs("</span><br>", out);
	html_text(course, out);
	fputs("</figcaption></figure>\n", out);
}

/* The medians of the runs that are comparable with the first of these and no older one's. */
static void put_courses(const struct index_entry *runs, size_t count, size_t first, FILE *out)
{
	const struct index_entry **group = calloc(count, sizeof(*group));
	double *values = calloc(count, sizeof(*values));
	const json_t *summary = runs[first].summary, *row;
	size_t size = 0, i;

	if (!group || !values)
		die("no memory for an index");
	for (i = 0; i < count; i++)
		if (comparable(runs[i].summary, summary))
			group[size++] = &runs[i];
	/* A group is drawn once, for its newest run. */
	if (size > 1 && group[0] == &runs[first] && is_of_use(summary)) {
		fputs("<h3>", out);
		html_printf(out, "p50 of %zu runs: %s, clock %s", size, json_text(summary, "kind"),
			    json_text(summary, "clock"));
		fputs("</h3>\n<div class=\"courses\">\n", out);
		json_array_foreach (json_object_get(summary, "rows"), i, row) {
			put_course(group, size, json_text(row, "id"), values, out);
		}
		fputs("</div>\n<p class=\"note\">From the oldest run to the newest, each on a scale of its "
		      "own that spans a tenth of its value or more.</p>\n",
		      out);
	}
	free(group);
	free(values);
}

static void put_others(const struct index_entry *entries, size_t count, FILE *out)
{
	if (!count)
		return;
	fputs("<h3>Not runs</h3>\n<ul>\n", out);
	for (size_t i = 0; i < count; i++) {
		fputs("<li>", out);
		put_link(&entries[i], "", out);
		html_text(entries[i].name, out);
		fputs("</a>: ", out);
		html_text(entries[i].problem, out);
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

static void put_host(const struct index_entry *entries, size_t count, FILE *out)
{
	size_t runs = 0;

	while (runs < count && entries[runs].summary)
		runs++;
	fputs("<section>\n<h2 id=\"", out);
	html_anchor(entries->host, out);
	fputs("\">", out);
	html_text(entries->host, out);
	fputs("</h2>\n", out);
	if (runs) {
		const json_t *setup = json_object_get(entries->summary, "setup");

		fputs("<p class=\"note\">", out);
		html_printf(out, "%s · Linux %s (newest run)", json_text(setup, "cpu"),
			    json_text(setup, "kernel"));
		fputs("</p>\n", out);
		put_runs(entries, runs, out);
	}
	for (size_t i = 0; i < runs; i++)
		put_courses(entries, runs, i, out);
	put_others(entries + runs, count - runs, out);
	fputs("</section>\n", out);
}

void index_page(const struct index *index, FILE *out)
{
	size_t end;

	html_begin("Runs", out);
	fputs("<h1>Runs</h1>\n", out);
	if (!index->count)
		fputs("<p>There are none: <code>make boot</code> makes one.</p>\n", out);
	for (size_t i = 0; i < index->count; i = end) {
		for (end = i; end < index->count; end++)
			if (strcmp(index->entries[end].host, index->entries[i].host))
				break;
		put_host(index->entries + i, end - i, out);
	}
	html_end(out);
}
