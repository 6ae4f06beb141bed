// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The runs of two vendors' labs side by side: for each row its path length, its verdict, and the
 * exit that it took.
 */
#include <string.h>

#include "json_file.h"
#include "report.h"
#include "util.h"

const char vendors_note[] =
	"Each number may be compared with that of another kernel or QEMU in the same lab. The two\n"
	"hosts are of two emulators: AMD's with Intel's compares software, no times.";

const char *vendor_title(const char *vendor)
{
	return !strcmp(vendor, "amd") ? "AMD" : "Intel";
}

/*
 * The exit by which the row was proved, else the one that was counted most; in both cases of those
 * that every other execution had at least, as the rest is contamination. "+" behind it where an
 * execution has more exits than that one. A row that may exit, and did not, has none.
 */
static void name_exit(const json_t *proof, char *name, size_t size)
{
	json_int_t executed = json_integer_value(json_object_get(proof, "executed"));
	json_int_t all = json_integer_value(json_object_get(proof, "exits")), most = 0;
	bool expected = 2 * all >= executed;
	const char *reason, *exit = expected ? json_text(proof, "expected") : "none";
	json_t *count;

	if (!expected)
		all = 0;
	json_object_foreach (json_object_get(proof, "other"), reason, count) {
		json_int_t n = json_integer_value(count);

		if (2 * n < executed)
			continue;
		all += n;
		if (!expected && n > most) {
			most = n;
			exit = reason;
		}
	}
	snprintf(name, size, "%s%s", exit, 2 * all >= 3 * executed ? "+" : "");
}

/* Of a row that did not run there is a verdict alone. */
static void print_half(const json_t *row, FILE *out)
{
	const json_t *p50 = json_object_get(row, "p50");
	const json_t *proof = json_object_get(row, "proof");
	char number[24] = "-", exit[64] = "-";

	if (json_is_integer(p50))
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(p50));
	if (json_is_object(proof))
		name_exit(proof, exit, sizeof(exit));
	fprintf(out, "  %9s  %-8s  %-14s", number, row ? json_text(row, "verdict") : "-", exit);
}

static void print_row(const json_t *amd, const json_t *intel, const char *id, FILE *out)
{
	char *line = NULL;
	size_t size, end;
	FILE *text = open_memstream(&line, &size);

	if (!text)
		die("no memory for a table");
	fprintf(text, "%-25s", id);
	print_half(summary_row(amd, id), text);
	print_half(summary_row(intel, id), text);
	fclose(text);
	for (end = size; end && line[end - 1] == ' '; end--)
		;
	fprintf(out, "%.*s\n", (int)end, line);
	free(line);
}

static void print_host(const char *vendor, const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup");

	fprintf(out, "%-6s  %s, Linux %s\n        guest Linux %s on QEMU %s, %s\n", vendor,
		json_text(setup, "cpu"), json_text(setup, "kernel"),
		json_text(setup, "guest_kernel"), json_text(setup, "qemu"),
		json_text(setup, "machine"));
}

/* What report_reasons() prints, the caller's. */
static char *reasons_of(const json_t *summary)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		die("no memory for a table");
	report_reasons(json_object_get(summary, "rows"), "", plain_text, out);
	fclose(out);
	return text;
}

/* Is it one of the text's lines? line ends with a newline, as all of them do. */
static bool has_line(const char *text, const char *line, size_t length)
{
	for (; *text; text = strchr(text, '\n') + 1)
		if (!strncmp(text, line, length))
			return true;
	return false;
}

/*
 * Prints each line of text with the vendor before it, those that the other has too with both; where
 * that is NULL they are left out.
 */
static void print_reasons(const char *text, const char *other, const char *vendor, const char *both,
			  FILE *out)
{
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		size_t length = strcspn(line, "\n") + 1;
		const char *whose = has_line(other, line, length) ? both : vendor;

		if (whose)
			fprintf(out, "%s: %.*s", whose, (int)length, line);
	}
}

void vendors_table(const json_t *amd, const json_t *intel, FILE *out)
{
	char *amd_reasons, *intel_reasons;
	const json_t *row;
	size_t i;

	print_host("AMD", amd, out);
	print_host("Intel", intel, out);
	fprintf(out, "unit    %s\n", report_unit(amd));
	fputs("exit    by which the row was proved, else the one that was counted most; +: there are more\n\n",
	      out);
	fprintf(out, "%s\n\n", vendors_note);
	fprintf(out, "%-25s  %9s  %-8s  %-14s  %9s  %-8s  %s\n", "row", "AMD p50", "verdict",
		"exit", "Intel p50", "verdict", "exit");
	json_array_foreach (json_object_get(amd, "rows"), i, row) {
		print_row(amd, intel, json_text(row, "id"), out);
	}
	json_array_foreach (json_object_get(intel, "rows"), i, row) {
		if (!summary_row(amd, json_text(row, "id")))
			print_row(amd, intel, json_text(row, "id"), out);
	}
	fputc('\n', out);
	amd_reasons = reasons_of(amd);
	intel_reasons = reasons_of(intel);
	print_reasons(amd_reasons, intel_reasons, "AMD", "both", out);
	print_reasons(intel_reasons, amd_reasons, "Intel", NULL, out);
	free(amd_reasons);
	free(intel_reasons);
}
