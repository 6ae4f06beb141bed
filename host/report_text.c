// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* summary.json for people and spreadsheets: the terminal's table, report.md and report.csv. */
#include <string.h>

#include "json_file.h"
#include "report.h"
#include "util.h"

/* A number of a row as text; empty where it has none: never a zero. */
static const char *number_of(const json_t *row, const char *key, char text[32])
{
	const json_t *value = json_object_get(row, key);

	text[0] = '\0';
	if (json_is_integer(value))
		snprintf(text, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(text, 32, "%.3f", json_real_value(value));
	return text;
}

static bool has_samples(const json_t *row)
{
	return json_object_get(row, "n") != NULL;
}

const char *report_unit(const json_t *summary)
{
	const json_t *emulated = json_object_get(summary, "emulated");

	if (!strcmp(json_text(summary, "clock"), "insn"))
		return "insns: path length (emulated host)";
	if (json_is_true(emulated))
		return "cycles, emulated: of no use for comparison";
	return json_is_false(emulated) ? "cycles" : "cycles; whether emulated is unknown";
}

static void print_verdict(const json_t *row, const char *what, void (*text)(const char *, FILE *),
			  FILE *out)
{
	fprintf(out, "%s%s: ", what, json_text(row, "verdict"));
	text(json_text(row, "reason"), out);
}

static bool same_verdict(const json_t *a, const json_t *b)
{
	return !strcmp(json_text(a, "verdict"), json_text(b, "verdict")) &&
	       !strcmp(json_text(a, "reason"), json_text(b, "reason"));
}

bool report_reasons(const json_t *rows, const char *bullet, void (*text)(const char *, FILE *),
		    FILE *out)
{
	size_t count = json_array_size(rows);
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const json_t *row = json_array_get(rows, i);
		size_t first = 0, same = 0;

		if (!json_text(row, "reason")[0])
			continue;
		while (!same_verdict(json_array_get(rows, first), row))
			first++;
		if (first < i)
			continue;
		any = true;
		print_verdict(row, bullet, text, out);
		for (size_t j = i; j < count; j++)
			same += same_verdict(json_array_get(rows, j), row);
		for (size_t j = i; same < count && j < count; j++)
			if (same_verdict(json_array_get(rows, j), row))
				fprintf(out, "%s%s", j == i ? " (" : ", ",
					json_text(json_array_get(rows, j), "id"));
		fputs(same < count ? ")\n" : " (all rows)\n", out);
	}
	return any;
}

void plain_text(const char *text, FILE *out)
{
	fputs(text, out);
}

/* Characters of the longest row's name. */
static int longest_id(const json_t *rows)
{
	const json_t *row;
	size_t index, longest = 18; /* a table of one row does not crowd */

	json_array_foreach (rows, index, row) {
		size_t length = strlen(json_text(row, "id"));

		if (length > longest)
			longest = length;
	}
	return longest;
}

static unsigned int rows_with(const json_t *rows, const char *verdict)
{
	const json_t *row;
	unsigned int count = 0;
	size_t index;

	json_array_foreach (rows, index, row)
		count += !strcmp(json_text(row, "verdict"), verdict);
	return count;
}

/* "54 rows, 42 PROVED, 12 WAIVED": PROVED always, the others where there are any. */
static void count_line(const json_t *rows, FILE *out)
{
	static const char *const others[] = {"INVALID", "UNPROVEN", "WAIVED", "NO-EXIT"};

	fprintf(out, "%zu rows, %u PROVED", json_array_size(rows), rows_with(rows, "PROVED"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (rows_with(rows, others[i]))
			fprintf(out, ", %u %s", rows_with(rows, others[i]), others[i]);
	fputc('\n', out);
}

void report_table(const json_t *summary, FILE *out)
{
	int width = longest_id(json_object_get(summary, "rows"));
	static const char *const keys[] = {
		"n", "p50", "p99", "p99.9", "max", "p50_minus_floor", "qemu_tax"};
	size_t columns = ARRAY_SIZE(keys) - !tax_known(summary);
	const json_t *rows = json_object_get(summary, "rows"), *row;
	const json_t *setup = json_object_get(summary, "setup");
	size_t index;
	bool emulated = json_is_true(json_object_get(summary, "emulated"));

	fprintf(out, "host    %s%s: %s, Linux %s\n", json_text(summary, "host"),
		emulated ? ", emulated" : "", json_text(setup, "cpu"), json_text(setup, "kernel"));
	if (!strcmp(json_text(summary, "kind"), "floor"))
		fputs("guest   the timed instructions alone, on KVM without QEMU\n", out);
	else
		fprintf(out, "guest   Linux %s on QEMU %s, %s, %s\n",
			json_text(setup, "guest_kernel"), json_text(setup, "qemu"),
			json_text(setup, "machine"), json_text(setup, "accel"));
	fprintf(out, "clock   %s, unit %s\ntime    %s\n", json_text(summary, "clock"),
		report_unit(summary), json_text(summary, "time"));
	report_card_line(summary, out);
	fputc('\n', out);
	fprintf(out, "%-*s %-5s %9s %9s %9s %9s %10s %9s%s  %s\n", width, "row", "path", "n", "p50",
		"p99", "p99.9", "max", "-floor", tax_known(summary) ? "       tax" : "", "verdict");
	json_array_foreach (rows, index, row) {
		fprintf(out, "%-*s %-5s", width, json_text(row, "id"), json_text(row, "path"));
		for (size_t i = 0; i < columns; i++) {
			char text[32];

			number_of(row, keys[i], text);
			fprintf(out, " %*s", !strcmp(keys[i], "max") ? 10 : 9,
				text[0] ? text : "-");
		}
		fprintf(out, "  %s\n", json_text(row, "verdict"));
	}
	count_line(rows, out);
	tax_line(summary, out);
	report_reasons(rows, "", plain_text, out);
}

void markdown_text(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (strchr("\\`*_|<>[]#", *text))
			fputc('\\', out);
		fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
	}
}

static void markdown_setup(const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup"), *value;
	const json_t *tool = json_object_get(summary, "tool");
	const char *key;

	fputs("| | |\n| --- | --- |\n| host | ", out);
	markdown_text(json_text(summary, "host"), out);
	fputs(" |\n| time | ", out);
	markdown_text(json_text(summary, "time"), out);
	fprintf(out, " |\n| clock | %s |\n| unit | %s |\n| status | %s |\n",
		json_text(summary, "clock"), report_unit(summary), json_text(summary, "status"));
	report_card_rows(summary, out);
	json_object_foreach ((json_t *)setup, key, value) {
		char number[32];

		fprintf(out, "| %s | ", key);
		number_of(setup, key, number);
		markdown_text(number[0] ? number : json_text(setup, key), out);
		fputs(" |\n", out);
	}
	fputs("| tool | exitlab ", out);
	markdown_text(json_text(tool, "version"), out);
	fputs(" (", out);
	markdown_text(json_text(tool, "revision"), out);
	fputs(") |\n\n", out);
}

/* A table of numbers: one line a row with samples, one column a key. */
static void markdown_numbers(const json_t *rows, const char *const *keys, size_t count, FILE *out)
{
	const json_t *row;
	size_t index;

	fputs("| row |", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, " %s |", keys[i]);
	fputs("\n| --- |", out);
	for (size_t i = 0; i < count; i++)
		fputs(" ---: |", out);
	json_array_foreach (rows, index, row) {
		char text[32];

		if (!has_samples(row))
			continue;
		fprintf(out, "\n| %s |", json_text(row, "id"));
		for (size_t i = 0; i < count; i++)
			fprintf(out, " %s |", number_of(row, keys[i], text));
	}
	fputs("\n\n", out);
}

static void markdown_proof(const json_t *rows, FILE *out)
{
	const json_t *row;
	size_t index;

	fputs("## Proof\n\n| row | path | verdict | expected | executed | exits | userspace exits "
	      "| other exits |\n| --- | --- | --- | --- | ---: | ---: | ---: | --- |\n",
	      out);
	json_array_foreach (rows, index, row) {
		const json_t *proof = json_object_get(row, "proof"), *count;
		char executed[32], exits[32], userspace[32];
		const char *name, *separator = "";

		fprintf(out, "| %s | %s | %s | %s | %s | %s | %s | ", json_text(row, "id"),
			json_text(row, "path"), json_text(row, "verdict"),
			proof ? json_text(proof, "expected") : "",
			number_of(proof, "executed", executed), number_of(proof, "exits", exits),
			number_of(proof, "userspace_exits", userspace));
		json_object_foreach (json_object_get(proof, "other"), name, count) {
			fputs(separator, out);
			markdown_text(name, out);
			fprintf(out, " %" JSON_INTEGER_FORMAT, json_integer_value(count));
			separator = ", ";
		}
		fputs(" |\n", out);
	}
	fputc('\n', out);
}

void report_markdown(const json_t *summary, FILE *out)
{
	static const char *const main_keys[] = {
		"n", "p50", "p99", "p99.9", "max", "p50_minus_floor", "floor", "p50_minus_null"};
	static const char *const all_keys[] = {
#define PERCENTILE(name, key, per10000) key,
		PERCENTILES(PERCENTILE)
#undef PERCENTILE
			"mean",
		"stddev", "saturated", "tracing_overhead"};
	const json_t *rows = json_object_get(summary, "rows"), *row;
	size_t index;

	fputs("# VM exits on ", out);
	markdown_text(json_text(summary, "host"), out);
	fputs(strcmp(json_text(summary, "kind"), "floor") ? "\n\n" : ", without QEMU\n\n", out);
	markdown_setup(summary, out);
	fprintf(out, "## Samples\n\nUnit: %s.\n\n", report_unit(summary));
	markdown_numbers(rows, main_keys, ARRAY_SIZE(main_keys), out);
	if (report_reasons(rows, "- ", markdown_text, out))
		fputc('\n', out);
	tax_markdown(summary, out);
	gpulock_markdown(summary, out);
	fputs("## Distribution\n\n`tracing_overhead` is what counting the exits added to p50 in the proof "
	      "pass; the numbers above are without it.\n\n",
	      out);
	markdown_numbers(rows, all_keys, ARRAY_SIZE(all_keys), out);
	contamination_markdown(summary, out);
	markdown_proof(rows, out);
	report_card_markdown(summary, out);
	fputs("## Histograms\n\n", out);
	json_array_foreach (rows, index, row) {
		const char *id = json_text(row, "id");

		if (has_samples(row))
			fprintf(out, "![%s](plots/%s.svg)\n", id, id);
	}
}

void csv_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void report_csv(const json_t *summary, FILE *out)
{
	static const char *const texts[] = {"id", "path", "unit", "verdict", "reason"};
	static const char *const numbers[] = {"n",
					      "saturated",
#define PERCENTILE(name, key, per10000) key,
					      PERCENTILES(PERCENTILE)
#undef PERCENTILE
						      "mean",
					      "stddev",
					      "floor",
					      "p50_minus_floor",
					      "p50_minus_null",
					      "tracing_overhead"};
	const json_t *emulated = json_object_get(summary, "emulated"), *row;
	size_t index;

	fputs("host,time,clock,emulated", out);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		fprintf(out, ",%s", texts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		fprintf(out, ",%s", numbers[i]);
	fputs(",p50_ci95_low,p50_ci95_high", out);
	contamination_csv(NULL, out);
	if (tax_known(summary))
		fputs(",p50_without_qemu,qemu_tax", out);
	fputc('\n', out);
	json_array_foreach (json_object_get(summary, "rows"), index, row) {
		const json_t *interval = json_object_get(row, "p50_ci95");
		char text[32];

		csv_text(json_text(summary, "host"), out);
		fputc(',', out);
		csv_text(json_text(summary, "time"), out);
		fprintf(out, ",%s,%s", json_text(summary, "clock"),
			json_is_boolean(emulated) ? json_is_true(emulated) ? "true" : "false"
						  : "unknown");
		for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
			fputc(',', out);
			csv_text(json_text(row, texts[i]), out);
		}
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
			fprintf(out, ",%s", number_of(row, numbers[i], text));
		for (size_t i = 0; i < 2; i++)
			if (interval)
				fprintf(out, ",%" JSON_INTEGER_FORMAT,
					json_integer_value(json_array_get(interval, i)));
			else
				fputc(',', out);
		contamination_csv(row, out);
		if (tax_known(summary)) {
			fprintf(out, ",%s", number_of(row, "p50_without_qemu", text));
			fprintf(out, ",%s", number_of(row, "qemu_tax", text));
		}
		fputc('\n', out);
	}
}
