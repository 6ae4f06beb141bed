// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* report.md, report.csv and report.html of a run of gpumem-stress. */
#include <string.h>

#include "html.h"
#include "json_file.h"
#include "report_gpumem.h"
#include "report_html.h"
#include "util.h"

static void markdown_head(const json_t *summary, FILE *out)
{
	static const char *const keys[] = {"gpu", "cpu", "kernel"};
	const json_t *setup = json_object_get(summary, "setup");

	fputs("# The GPU memory tracer under load on ", out);
	markdown_text(json_text(summary, "host"), out);
	fprintf(out, "\n\n| | |\n| --- | --- |\n| time | ");
	markdown_text(json_text(summary, "time"), out);
	fprintf(out, " |\n| status | %s |\n| quick | %s |\n", json_text(summary, "status"),
		json_is_true(json_object_get(setup, "quick")) ? "yes" : "no");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		fprintf(out, "| %s | ", keys[i]);
		markdown_text(json_text(setup, keys[i]), out);
		fputs(" |\n", out);
	}
	fputc('\n', out);
}

void stress_markdown(const json_t *summary, FILE *out)
{
	const json_t *rows = json_object_get(summary, "rows"), *row, *target;
	char text[STRESS_CELL];
	size_t i;

	markdown_head(summary, out);
	for (size_t c = 0; c < stress_column_count; c++)
		fprintf(out, "| %s ", stress_columns[c].title);
	fputs("|\n", out);
	for (size_t c = 0; c < stress_column_count; c++)
		fputs(stress_columns[c].width < 0 ? "| --- " : "| ---: ", out);
	json_array_foreach (rows, i, row) {
		fputs("|\n", out);
		for (size_t c = 0; c < stress_column_count; c++) {
			stress_cell(row, &stress_columns[c], text);
			fputs("| ", out);
			markdown_text(text, out);
			fputc(' ', out);
		}
	}
	fputs("|\n\n", out);
	if (report_reasons(rows, "- ", markdown_text, out))
		fputc('\n', out);
	fputs("## Targets\n\n", out);
	json_array_foreach (json_object_get(summary, "targets"), i, target) {
		fputs("- ", out);
		stress_target_text(target, out);
		fputc('\n', out);
	}
	fputs("\n## Notes\n\n", out);
	stress_notes(summary, "- ", out);
	fputs("\n![CPU](plots/cpu.svg)\n\n![memory](plots/memory.svg)\n", out);
}

static const char *const csv_texts[] = {"id", "title", "of", "prints", "verdict", "reason"};
static const char *const csv_numbers[] = {
	"rate_asked",	    "free_ratio",    "allocate_size", "rate_reached",
	"seconds",	    "truth",	     "seen",	      "lost",
	"live_pointers",    "samples",	     "cpu_mean",      "cpu_max",
	"rss_start_mb",	    "rss_end_mb",    "rss_max_mb",    "untraced_ns.p50",
	"untraced_ns.mean", "traced_ns.p50", "traced_ns.mean"};

void stress_csv(const json_t *summary, FILE *out)
{
	const json_t *row;
	size_t index;

	fputs("host,time,emulated", out);
	for (size_t i = 0; i < ARRAY_SIZE(csv_texts); i++)
		fprintf(out, ",%s", csv_texts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(csv_numbers); i++)
		fprintf(out, ",%s", csv_numbers[i]);
	fputc('\n', out);
	json_array_foreach (json_object_get(summary, "rows"), index, row) {
		csv_text(json_text(summary, "host"), out);
		fputc(',', out);
		csv_text(json_text(summary, "time"), out);
		fputs(json_is_true(json_object_get(summary, "emulated")) ? ",true" : ",false", out);
		for (size_t i = 0; i < ARRAY_SIZE(csv_texts); i++) {
			fputc(',', out);
			csv_text(json_text(row, csv_texts[i]), out);
		}
		for (size_t i = 0; i < ARRAY_SIZE(csv_numbers); i++) {
			const json_t *value = json_member(row, csv_numbers[i]);

			fputc(',', out);
			if (json_is_number(value))
				fprintf(out, "%.15g", json_number_value(value));
		}
		fputc('\n', out);
	}
}

static void html_cases(const json_t *rows, FILE *out)
{
	char text[STRESS_CELL];
	const json_t *row;
	size_t i;

	html_table_begin("pinned", "Cases", out);
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
	html_notes(summary, out);
	html_host(summary, out);
	html_foot(summary, out);
	html_end(out);
}
