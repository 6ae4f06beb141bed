// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* report.html: the report card, and the host. */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "html.h"
#include "json_file.h"
#include "report.h"
#include "report_html.h"
#include "util.h"

static void put_counters(const json_t *card, FILE *out)
{
	static const char *const titles[] = {
		"counter", "what", "#count", "#allowed in this pass", "#per second", ""};
	static const char *const keys[] = {"count", "allowed", "per_second"};
	const json_t *counter;
	size_t i;

	html_table_begin("", "Counters of the report card", out);
	fputs("<thead><tr>", out);
	html_columns(titles, ARRAY_SIZE(titles), out);
	fputs("</tr></thead>\n<tbody>\n", out);
	json_array_foreach (json_object_get(card, "counters"), i, counter) {
		bool over = json_is_true(json_object_get(counter, "over"));

		fputs("<tr><th scope=\"row\" class=\"id\">", out);
		html_text(json_text(counter, "name"), out);
		fputs("</th>", out);
		html_text_cell(json_text(counter, "text"), out);
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			html_number_cell(json_object_get(counter, keys[k]), out);
		fprintf(out, "<td>%s</td></tr>\n",
			over ? "<span class=\"verdict bad\">over</span>" : "");
	}
	fputs("</tbody>\n", out);
	html_table_end(out);
}

static void put_tasks(const json_t *card, FILE *out)
{
	static const char *const titles[] = {"task", "#times", "#ms"};
	const json_t *tasks = json_object_get(card, "tasks"), *task;
	size_t i;

	if (!json_array_size(tasks))
		return;
	fputs("<p>Ran meanwhile and were last on that CPU (times and ms are those on all CPUs):</p>\n",
	      out);
	html_table_begin("", "Tasks that ran meanwhile", out);
	fputs("<thead><tr>", out);
	html_columns(titles, ARRAY_SIZE(titles), out);
	fputs("</tr></thead>\n<tbody>\n", out);
	json_array_foreach (tasks, i, task) {
		fputs("<tr><th scope=\"row\">", out);
		html_printf(out, "%s (%lld)", json_text(task, "comm"),
			    (long long)json_integer_value(json_object_get(task, "tid")));
		fputs("</th>", out);
		html_number_cell(json_object_get(task, "slices"), out);
		fprintf(out, "<td class=\"number\">%.3f</td></tr>\n",
			json_integer_value(json_object_get(task, "ns")) / 1e6);
	}
	fputs("</tbody>\n", out);
	html_table_end(out);
}

static void put_unavailable(const json_t *card, FILE *out)
{
	json_t *unavailable = json_object_get(card, "unavailable"), *why;
	const char *name;

	if (!json_object_size(unavailable))
		return;
	fputs("<p>Not available here:</p>\n<ul>\n", out);
	json_object_foreach (unavailable, name, why) {
		fputs("<li>", out);
		html_printf(out, "%s: ", name);
		html_value(why, out);
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

/* The cards of the runs that were pooled into each cell of a comparison. */
static void put_cells(const json_t *cells, FILE *out)
{
	static const char *const titles[] = {"cell", "#round", "card", "offenders", "run"};
	const json_t *cell, *card;
	size_t i, round;

	html_table_begin("", "Report cards of the runs", out);
	fputs("<thead><tr>", out);
	html_columns(titles, ARRAY_SIZE(titles), out);
	fputs("</tr></thead>\n<tbody>\n", out);
	json_array_foreach (cells, i, cell) {
		json_array_foreach (json_object_get(cell, "cards"), round, card) {
			const char *text = json_text(card, "text");

			fputs("<tr><th scope=\"row\">", out);
			html_text(json_text(cell, "cell"), out);
			fprintf(out, "</th><td class=\"number\">%zu</td><td>", round + 1);
			html_verdict(json_text(card, "verdict"), out);
			fputs("</td>", out);
			/* The verdict is in the text, too. */
			text += strcspn(text, ":");
			html_text_cell(text + strspn(text, ": "), out);
			html_text_cell(json_text(card, "run"), out);
			fputs("</tr>\n", out);
		}
	}
	fputs("</tbody>\n", out);
	html_table_end(out);
}

void html_card(const json_t *summary, FILE *out)
{
	const json_t *card = json_object_get(summary, "card");
	const json_t *cells = json_object_get(summary, "cells");

	fputs("<h2 id=\"card\">Report card</h2>\n", out);
	if (json_is_array(cells)) {
		put_cells(cells, out);
		return;
	}
	if (!json_is_object(card)) {
		fputs("<p>None was taken: nothing is known of what disturbed this run.</p>\n", out);
		return;
	}
	fputs("<p>", out);
	html_verdict(json_text(card, "verdict"), out);
	html_printf(
		out,
		": host CPU %lld, %s, the %.3f s of the timed pass. Interrupts and softirqs that "
		"did not happen are left out.",
		(long long)json_integer_value(json_object_get(card, "cpu")),
		report_isolation(summary), json_number_value(json_object_get(card, "seconds")));
	if (json_is_number(json_object_get(card, "frequency")))
		html_printf(out, " The CPU ran at %g times its nominal frequency (APERF/MPERF).",
			    json_number_value(json_object_get(card, "frequency")));
	fputs("</p>\n", out);
	put_counters(card, out);
	put_tasks(card, out);
	put_unavailable(card, out);
}

static void put_facts(const json_t *facts, FILE *out)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)facts, key, value) {
		fputs("<tr><th scope=\"row\">", out);
		/* Keys have no blanks; people read them better with. */
		for (const char *at = key; *at; at++)
			html_printf(out, "%c", *at == '_' ? ' ' : *at);
		fputs("</th><td>", out);
		html_value(value, out);
		fputs("</td></tr>\n", out);
	}
}

void html_host(const json_t *summary, FILE *out)
{
	const json_t *device = json_object_get(summary, "device");
	bool gpu = device || json_member(summary, "setup.gpu");
	const char *title = gpu ? "Host and GPU" : "Host and guest";

	fprintf(out, "<h2 id=\"host\">%s</h2>\n", title);
	html_table_begin("facts", title, out);
	fputs("<tbody>\n<tr><th scope=\"row\">host</th>", out);
	html_text_cell(json_text(summary, "host"), out);
	fputs("</tr>\n", out);
	put_facts(json_object_get(summary, "setup"), out);
	put_facts(device, out);
	put_facts(json_object_get(summary, "environment"), out);
	fputs("</tbody>\n", out);
	html_table_end(out);
}
