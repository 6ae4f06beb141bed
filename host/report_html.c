// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* report.html: summary.json as one page that needs nothing else, for a screen, a phone or paper. */
#include <string.h>

#include "card.h"
#include "chart.h"
#include "html.h"
#include "json_file.h"
#include "report.h"
#include "report_html.h"
#include "util.h"

/* What a kind of run is called; any other is called as it is. */
static const char *kind_title(const json_t *summary)
{
	static const char *const titles[][2] = {
		{"vmexit", "VM exits"},
		{"floor", "VM exits without QEMU"},
		{"isolation-ab", "Isolation"},
		{"pathlength", "Path lengths"},
	};
	const char *kind = json_text(summary, "kind");

	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		if (!strcmp(kind, titles[i][0]))
			return titles[i][1];
	return kind;
}

void html_verdicts(const json_t *rows, FILE *out)
{
	const json_t *row, *other;
	const char *separator = "";
	size_t i, j;

	json_array_foreach (rows, i, row) {
		const char *verdict = json_text(row, "verdict");
		size_t first = i, count = 0;

		json_array_foreach (rows, j, other) {
			if (strcmp(json_text(other, "verdict"), verdict))
				continue;
			first = j < first ? j : first;
			count++;
		}
		if (first < i)
			continue;
		fprintf(out, "%s%zu ", separator, count);
		html_verdict(verdict, out);
		separator = ", ";
	}
	if (!*separator)
		fputs("none", out);
}

static void put_card_line(const json_t *summary, FILE *out)
{
	const json_t *card = json_object_get(summary, "card");
	const json_t *cells = json_object_get(summary, "cells");
	char text[1024];

	if (json_is_array(cells)) {
		fprintf(out, "<a href=\"#card\">of %zu cells</a>", json_array_size(cells));
		return;
	}
	if (!json_is_object(card)) {
		fputs("none was taken", out);
		return;
	}
	html_verdict(json_text(card, "verdict"), out);
	card_describe(card, text, sizeof(text));
	/* The verdict again, then the offenders. */
	html_text(text + strcspn(text, ":"), out);
}

static void put_head(const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup");
	const json_t *rows = json_object_get(summary, "rows");

	fputs("<h1>", out);
	html_printf(out, "%s on %s", kind_title(summary), json_text(summary, "host"));
	fputs("</h1>\n<p class=\"note\">", out);
	html_printf(out, "%s · %s · Linux %s", json_text(summary, "time"), json_text(setup, "cpu"),
		    json_text(setup, "kernel"));
	fputs("</p>\n<dl class=\"summary\">\n<div><dt>clock</dt><dd>", out);
	html_printf(out, "%s, unit %s", json_text(summary, "clock"), report_unit(summary));
	fputs("</dd></div>\n<div><dt>run</dt><dd>", out);
	html_verdict(json_text(summary, "status"), out);
	fprintf(out, "</dd></div>\n<div><dt>%zu rows</dt><dd>", json_array_size(rows));
	html_verdicts(rows, out);
	fputs("</dd></div>\n<div><dt>report card</dt><dd>", out);
	put_card_line(summary, out);
	fputs("</dd></div>\n</dl>\n", out);
}

/* The columns of numbers; those that no row has are left out. */
static const struct {
	const char *key, *title;
} columns[] = {
	{"n", "n"},
	{"p50", "p50"},
	{"p99", "p99"},
	{"p99.9", "p99.9"},
	{"max", "max"},
	{"p50_minus_floor", "−floor"},
	{"qemu_tax", "QEMU tax"},
};

static bool any_has(const json_t *rows, const char *key)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const json_t *value = json_object_get(row, key);

		if (value && !json_is_null(value))
			return true;
	}
	return false;
}

/* The unit that all rows have, or NULL. */
static const char *common_unit(const json_t *rows)
{
	const char *unit = json_text(json_array_get(rows, 0), "unit");
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (strcmp(json_text(row, "unit"), unit))
			return NULL;
	}
	return unit;
}

static void put_table_head(const json_t *rows, const char *unit, const struct chart_range *range,
			   FILE *out)
{
	fputs("<thead><tr><th scope=\"col\">row</th>", out);
	if (any_has(rows, "path"))
		fputs("<th scope=\"col\">path</th>", out);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (!any_has(rows, columns[i].key))
			continue;
		fprintf(out, "<th scope=\"col\" class=\"number\">%s<small>", columns[i].title);
		html_text(!strcmp(columns[i].key, "n") ? "samples" : unit ?: "", out);
		fputs("</small></th>", out);
	}
	if (!unit)
		fputs("<th scope=\"col\">unit</th>", out);
	fputs("<th scope=\"col\">verdict</th>", out);
	if (range)
		fprintf(out,
			"<th scope=\"col\">min–max, p50–p99 thick<small>log scale, %.10g to %.10g %s</small></th>",
			range->low, range->high, unit);
	fputs("</tr></thead>\n<tbody>\n", out);
}

static void put_table_row(const json_t *rows, const json_t *row, const char *unit,
			  const struct chart_range *range, FILE *out)
{
	size_t numbers = 0;

	fputs("<tr><th scope=\"row\" class=\"id\"><a href=\"#row-", out);
	html_anchor(json_text(row, "id"), out);
	fputs("\">", out);
	html_text(json_text(row, "id"), out);
	fputs("</a></th>", out);
	if (any_has(rows, "path"))
		html_text_cell(json_text(row, "path"), out);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		numbers += any_has(rows, columns[i].key);
	if (!json_object_get(row, "n") && numbers) {
		fprintf(out, "<td class=\"reason\" colspan=\"%zu\">", numbers);
		html_text(json_text(row, "reason"), out);
		fputs("</td>", out);
	}
	for (size_t i = 0; json_object_get(row, "n") && i < ARRAY_SIZE(columns); i++)
		if (any_has(rows, columns[i].key))
			html_number_cell(json_object_get(row, columns[i].key), out);
	if (!unit)
		html_text_cell(json_text(row, "unit"), out);
	fputs("<td>", out);
	html_verdict(json_text(row, "verdict"), out);
	fputs("</td>", out);
	if (range) {
		fputs("<td>", out);
		chart_strip(row, range, out);
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void put_table(const json_t *rows, FILE *out)
{
	const char *unit = common_unit(rows);
	struct chart_range range;
	/* Values of different units have no axis in common. */
	bool strips = unit && chart_range_of(rows, &range);
	const json_t *row;
	size_t i;

	fputs("<h2 id=\"samples\">Samples</h2>\n", out);
	html_table_begin("pinned", "Samples of each row", out);
	put_table_head(rows, unit, strips ? &range : NULL, out);
	json_array_foreach (rows, i, row) {
		put_table_row(rows, row, unit, strips ? &range : NULL, out);
	}
	fputs("</tbody>\n", out);
	html_table_end(out);
	fputs("<p class=\"note\">Percentiles are samples that were taken (nearest rank).", out);
	if (any_has(rows, "p50_minus_floor"))
		fputs(" −floor is p50 less the p50 of an empty bracket.", out);
	if (any_has(rows, "qemu_tax"))
		fputs(" QEMU tax is p50 less that of the same row without QEMU.", out);
	fputs("</p>\n", out);
}

void html_reasons(const json_t *rows, FILE *out)
{
	FILE *lines;
	char *text;
	size_t size;

	lines = open_memstream(&text, &size);
	if (!lines)
		die("no memory for a report");
	report_reasons(rows, "<li>", html_text, lines);
	fclose(lines);
	if (size)
		fprintf(out, "<ul class=\"reasons\">\n%s</ul>\n", text);
	free(text);
}

/* results/HOST/TIME-KIND, as the archive names it. */
static void put_directory(const json_t *summary, FILE *out)
{
	html_printf(out, "results/%s/", json_text(summary, "host"));
	for (const char *time = json_text(summary, "time"); *time; time++)
		if (*time != '-' && *time != ':')
			html_printf(out, "%c", *time);
	html_printf(out, "-%s", json_text(summary, "kind"));
}

/* Nothing where the summary does not say: it is none of a single run. */
void html_repeat(const json_t *summary, FILE *out)
{
	const json_t *repeat = json_object_get(summary, "repeat");

	if (!repeat)
		return;
	fputs("<h2 id=\"repeat\">Repeat it</h2>\n<pre>", out);
	if (json_is_string(repeat)) {
		html_text(json_string_value(repeat), out);
		fputs("\n", out);
	}
	fputs("build/exitlab report ", out);
	put_directory(summary, out);
	fputs("\nbuild/exitlab compare ", out);
	put_directory(summary, out);
	fputs(" OTHER-RUN</pre>\n<p class=\"note\">", out);
	if (json_is_string(repeat))
		fputs("The first makes such a run again. ", out);
	fputs("report makes this page anew from the raw records, byte for byte; compare holds another "
	      "run against this one.</p>\n",
	      out);
}

void html_foot(const json_t *summary, FILE *out)
{
	const json_t *tool = json_object_get(summary, "tool");

	fputs("<footer class=\"note\">", out);
	html_printf(out, "Measured with exitlab %s, revision %s.", json_text(tool, "version"),
		    json_text(tool, "revision"));
	fputs("</footer>\n", out);
}

void report_html(const json_t *summary, FILE *out)
{
	const json_t *rows = json_object_get(summary, "rows");
	char title[512];

	snprintf(title, sizeof(title), "%s on %s, %s", kind_title(summary),
		 json_text(summary, "host"), json_text(summary, "time"));
	html_begin(title, out);
	put_head(summary, out);
	put_table(rows, out);
	html_reasons(rows, out);
	html_rows(summary, out);
	html_proof(summary, out);
	html_card(summary, out);
	html_host(summary, out);
	html_repeat(summary, out);
	html_foot(summary, out);
	html_end(out);
}
