// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* report.html of a run of gpumem-stress. */
#include <stdlib.h>
#include <string.h>

#include "chart_time.h"
#include "html.h"
#include "json_file.h"
#include "report_gpumem.h"
#include "report_html.h"
#include "util.h"

static void html_cases(const json_t *rows, FILE *out)
{
	char text[STRESS_CELL];
	const json_t *row;
	size_t i;

	html_table_begin("pinned dense", "Cases", out);
	fputs("<thead><tr>", out);
	for (size_t c = 0; c < stress_column_count; c++)
		fprintf(out, "<th scope=\"col\"%s>%s</th>",
			stress_columns[c].width < 0 ? "" : " class=\"number\"",
			stress_columns[c].title);
	fputs("</tr></thead>\n<tbody>\n", out);
	json_array_foreach (rows, i, row) {
		fputs("<tr><th scope=\"row\">", out);
		html_text(json_text(row, "title"), out);
		fputs("</th>", out);
		for (size_t c = 1; c + 1 < stress_column_count; c++) {
			stress_cell(row, &stress_columns[c], text);
			fputs("<td class=\"number\">", out);
			html_text(text, out);
			fputs("</td>", out);
		}
		fputs("<td>", out);
		html_verdict(json_text(row, "verdict"), out);
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody>\n", out);
	html_table_end(out);
}

/* Lines of another form as a list. */
static void html_lines(const char *text, FILE *out)
{
	const char *end;

	fputs("<ul>\n", out);
	for (; (end = strchr(text, '\n')); text = end + 1) {
		fputs("<li>", out);
		html_printf(out, "%.*s", (int)(end - text), text);
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

static void html_notes(const json_t *summary, FILE *out)
{
	const json_t *target;
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		die("no memory for report.html");
	json_array_foreach (json_object_get(summary, "targets"), i, target) {
		stress_target_text(target, stream);
		fputc('\n', stream);
	}
	fflush(stream);
	fputs("<h2>Targets</h2>\n", out);
	html_lines(text, out);
	rewind(stream);
	stress_notes(summary, "", stream);
	fclose(stream);
	fputs("<h2>Notes</h2>\n", out);
	html_lines(text, out);
	free(text);
}

static void html_chart(const json_t *course, const char *key, const char *title, const char *unit,
		       FILE *out)
{
	fputs("<figure>\n", out);
	chart_over_time(json_object_get(course, "seconds"), json_object_get(course, key), title,
			unit, out);
	fprintf(out, "<figcaption>%s: %s</figcaption>\n</figure>\n", title, unit);
}

/* Each case by itself: ten million pointers would flatten all else. */
static void html_courses(const json_t *rows, FILE *out)
{
	const json_t *row;
	size_t i;

	fputs("<h2>The tracer over time</h2>\n", out);
	json_array_foreach (rows, i, row) {
		const json_t *course = json_object_get(row, "course");

		if (!course)
			continue;
		fputs("<section class=\"row\">\n<header><h3>", out);
		html_text(json_text(row, "title"), out);
		fputs("</h3></header>\n<div class=\"charts\">\n", out);
		html_chart(course, "cpu", "CPU", "% of one CPU", out);
		html_chart(course, "memory", "MEM", "MB resident", out);
		fputs("</div>\n</section>\n", out);
	}
}

void stress_html(const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup");
	char title[512];

	snprintf(title, sizeof(title), "The GPU memory tracer under load on %s, %s",
		 json_text(summary, "host"), json_text(summary, "time"));
	html_begin(title, out);
	fputs("<h1>", out);
	html_printf(out, "The GPU memory tracer under load on %s", json_text(summary, "host"));
	fputs("</h1>\n<p class=\"note\">", out);
	html_printf(out, "%s · %s · %s", json_text(summary, "time"), json_text(setup, "gpu"),
		    json_text(setup, "cpu"));
	fputs("</p>\n", out);
	html_cases(json_object_get(summary, "rows"), out);
	html_reasons(json_object_get(summary, "rows"), out);
	html_courses(json_object_get(summary, "rows"), out);
	html_notes(summary, out);
	html_host(summary, out);
	html_foot(summary, out);
	html_end(out);
}
