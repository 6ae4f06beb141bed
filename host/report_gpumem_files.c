// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* report.md and report.csv of a run of gpumem-stress. */
#include "json_file.h"
#include "report_gpumem.h"
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
