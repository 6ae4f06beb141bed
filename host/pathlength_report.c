// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of a matrix: rows down, cells across, each as a difference to the base. */
#include <string.h>

#include "exit_rows.h"
#include "json_file.h"
#include "pathlength.h"
#include "report.h"
#include "util.h"

#define TEXT 40

static json_int_t number(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* HLT waits, too: it may find its interrupt there or not. */
bool pathlength_varies(const json_t *row)
{
	for (int i = 0; i < EXIT_ROWS; i++)
		if (!strcmp(exit_rows[i].id, json_text(row, "row")) &&
		    (exit_rows[i].waits || strstr(exit_rows[i].id, "hlt")))
			return true;
	return 100 * (number(row, "p75") - number(row, "p25")) > number(row, "p50");
}

/* The row's p50 in the cell: of the base as it is, of the others as the difference to it. */
static void entry(const json_t *summary, const char *id, size_t number, char text[TEXT])
{
	const json_t *cell = json_array_get(json_object_get(summary, "cells"), number);
	const json_t *row, *p50, *difference;
	const char *verdict;
	char name[256];

	snprintf(name, sizeof(name), "%s, %s", id, json_text(cell, "cell"));
	row = summary_row(summary, name);
	p50 = json_object_get(row, "p50");
	difference = json_object_get(row, "difference");
	verdict = row ? json_text(row, "verdict") : "-";
	if (!p50 || !strcmp(verdict, "INVALID"))
		snprintf(text, TEXT, "%s", verdict);
	else if (pathlength_varies(row))
		snprintf(text, TEXT, "varies");
	else
		snprintf(text, TEXT,
			 number && json_integer_value(difference) ? "%+" JSON_INTEGER_FORMAT "%s"
								  : "%" JSON_INTEGER_FORMAT "%s",
			 json_integer_value(number && json_is_integer(difference) ? difference
										  : p50),
			 strcmp(verdict, "PROVED") ? "?" : "");
}

/* A cell's value of a factor; empty where it is the base's. */
static void heading(const json_t *summary, int factor, size_t number, char text[TEXT])
{
	const json_t *cells = json_object_get(summary, "cells");
	const char *value = json_text(json_array_get(cells, number), factor_names[factor]);
	const char *base = json_text(json_array_get(cells, 0), factor_names[factor]);

	snprintf(text, TEXT, "%s", number && !strcmp(value, base) ? "" : value);
}

/* The rows' names, each once, in the order in which they ran; the caller's. */
static json_t *row_names(const json_t *summary)
{
	json_t *names = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		size_t count = json_array_size(names);
		const char *name = json_text(row, "row");

		if (!count || strcmp(json_string_value(json_array_get(names, count - 1)), name))
			json_array_append_new(names, json_string(name));
	}
	return names;
}

/* A line of the table: first the factors, then the rows. Its name is returned. */
static const char *line_name(const json_t *names, size_t line)
{
	if (line < FACTORS)
		return factor_names[line];
	return json_string_value(json_array_get(names, line - FACTORS));
}

static void line_text(const json_t *summary, const json_t *names, size_t line, size_t cell,
		      char text[TEXT])
{
	if (line < FACTORS)
		heading(summary, line, cell, text);
	else
		entry(summary, line_name(names, line), cell, text);
}

/* The cells in which the row has the reason. */
static size_t cells_with(const json_t *rows, const char *id, const char *reason)
{
	const json_t *row;
	size_t i, count = 0;

	json_array_foreach (rows, i, row) {
		count += !strcmp(json_text(row, "row"), id) &&
			 !strcmp(json_text(row, "reason"), reason);
	}
	return count;
}

/* "WAIVED: REASON (row, row in 9 cells)", for row i of rows and all others with that reason. */
static void print_reason(const json_t *rows, size_t i, size_t cells,
			 void (*text)(const char *, FILE *), FILE *out)
{
	const json_t *row = json_array_get(rows, i);
	const char *reason = json_text(row, "reason"), *before = "";

	fprintf(out, "%s: ", json_text(row, "verdict"));
	text(reason, out);
	for (size_t j = i; j < json_array_size(rows); j++) {
		const json_t *other = json_array_get(rows, j);
		const char *id = json_text(other, "row");
		size_t count;

		if (strcmp(json_text(other, "reason"), reason) || !strcmp(id, before))
			continue;
		count = cells_with(rows, id, reason);
		fprintf(out, "%s%s", *before ? ", " : " (", id);
		if (count == 1)
			fprintf(out, " in %s", json_text(other, "cell"));
		else if (count < cells)
			fprintf(out, " in %zu cells", count);
		before = id;
	}
	fputs(")\n", out);
}

/* What is wrong with cells, then with rows: each reason once. */
static void print_reasons(const json_t *summary, const char *bullet,
			  void (*text)(const char *, FILE *), FILE *out)
{
	const json_t *cells = json_object_get(summary, "cells"), *cell, *row;
	const json_t *rows = json_object_get(summary, "rows");
	size_t i, j, whole = 0;

	json_array_foreach (cells, i, cell) {
		whole += !strcmp(json_text(cell, "verdict"), "ok");
		if (strcmp(json_text(cell, "verdict"), "ok")) {
			fprintf(out, "%s%s: %s: ", bullet, json_text(cell, "cell"),
				json_text(cell, "verdict"));
			text(json_text(cell, "reason"), out);
			fputc('\n', out);
		}
	}
	json_array_foreach (rows, i, row) {
		const char *reason = json_text(row, "reason");
		bool told = !strcmp(json_text(row, "verdict"), "PROVED");

		cell = json_find(cells, "cell", json_text(row, "cell"));
		told |= strcmp(json_text(cell, "verdict"), "ok") != 0;
		for (j = 0; j < i; j++)
			told |= !strcmp(json_text(json_array_get(rows, j), "reason"), reason);
		if (!told) {
			fputs(bullet, out);
			print_reason(rows, i, whole, text, out);
		}
	}
}

/* What was measured, without when and where. */
static void print_setup(const json_t *summary, const char *end, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup");

	fprintf(out, "host    %s%s", json_text(setup, "cpu"), end);
	fprintf(out, "guest   Linux %s on QEMU %s%s", json_text(setup, "guest_kernel"),
		json_text(setup, "qemu"), end);
	fprintf(out, "unit    %s%s", report_unit(summary), end);
}

static const char legend[] =
	"p50 of the base; of each other cell the difference to it. An empty heading is the base's.\n"
	"varies: the row waits, or the middle half of its samples lie more than 1 % apart. ? not PROVED.\n"
	"Under perf samples have a few lengths some instructions apart, and p50 is one of them.\n";

static void print_table_part(const json_t *summary, const json_t *names, size_t first, size_t last,
			     FILE *out)
{
	size_t lines = FACTORS + json_array_size(names);
	char text[TEXT];

	for (size_t line = 0; line < lines; line++) {
		int blanks = 0; /* owed: none is at a line's end */

		if (line == FACTORS)
			fputc('\n', out);
		fprintf(out, "%-24s", line_name(names, line));
		for (size_t cell = 0; cell <= last; cell++) {
			int width = 0;

			if (cell && cell < first)
				continue;
			for (size_t i = 0; i < lines; i++) {
				line_text(summary, names, i, cell, text);
				width = (int)strlen(text) > width ? (int)strlen(text) : width;
			}
			line_text(summary, names, line, cell, text);
			blanks += 2 + width;
			if (text[0])
				fprintf(out, "%*s", blanks, text);
			blanks = text[0] ? 0 : blanks;
		}
		fputc('\n', out);
	}
	fputc('\n', out);
}

#define ACROSS 9 /* cells beside the base in one part of the table: the width of a terminal */

void pathlength_table(const json_t *summary, FILE *out)
{
	size_t last = json_array_size(json_object_get(summary, "cells")) - 1;
	json_t *names = row_names(summary);

	print_setup(summary, "\n", out);
	fputc('\n', out);
	for (size_t first = 1; first == 1 || first <= last; first += ACROSS)
		print_table_part(summary, names, first,
				 first + ACROSS - 1 < last ? first + ACROSS - 1 : last, out);
	fputs(legend, out);
	print_reasons(summary, "", plain_text, out);
	json_decref(names);
}

void pathlength_markdown(const json_t *summary, FILE *out)
{
	size_t cells = json_array_size(json_object_get(summary, "cells"));
	json_t *names = row_names(summary);
	size_t lines = FACTORS + json_array_size(names);
	char text[TEXT];

	fputs("# Path lengths\n\n", out);
	print_setup(summary, "\\\n", out);
	fputs("\n| |", out);
	for (size_t cell = 0; cell < cells; cell++)
		fprintf(out, cell ? " %zu |" : " base |", cell + 1);
	fputs("\n| --- |", out);
	for (size_t cell = 0; cell < cells; cell++)
		fputs(" ---: |", out);
	fputc('\n', out);
	for (size_t line = 0; line < lines; line++) {
		fprintf(out, line < FACTORS ? "| *%s* |" : "| %s |", line_name(names, line));
		for (size_t cell = 0; cell < cells; cell++) {
			line_text(summary, names, line, cell, text);
			fputc(' ', out);
			markdown_text(text, out);
			fputs(" |", out);
		}
		fputc('\n', out);
	}
	fputc('\n', out);
	fputs(legend, out);
	fputc('\n', out);
	print_reasons(summary, "- ", markdown_text, out);
	json_decref(names);
}

void pathlength_csv(const json_t *summary, FILE *out)
{
	static const char *const numbers[] = {"p50", "difference"};
	const json_t *row, *cell;
	size_t i;

	fputs("row,cell", out);
	for (int factor = 0; factor < FACTORS; factor++)
		fprintf(out, ",%s", factor_names[factor]);
	fputs(",unit,verdict,reason", out);
	for (size_t k = 0; k < ARRAY_SIZE(numbers); k++)
		fprintf(out, ",%s", numbers[k]);
	fputc('\n', out);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		cell = json_find(json_object_get(summary, "cells"), "cell", json_text(row, "cell"));
		csv_text(json_text(row, "row"), out);
		for (int factor = -1; factor < FACTORS; factor++) {
			fputc(',', out);
			csv_text(json_text(cell, factor < 0 ? "cell" : factor_names[factor]), out);
		}
		for (size_t k = 0; k < 3; k++) {
			static const char *const texts[] = {"unit", "verdict", "reason"};

			fputc(',', out);
			csv_text(json_text(row, texts[k]), out);
		}
		for (size_t k = 0; k < ARRAY_SIZE(numbers); k++) {
			const json_t *value = json_object_get(row, numbers[k]);

			fputc(',', out);
			if (json_is_integer(value) && !pathlength_varies(row))
				fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		}
		fputc('\n', out);
	}
}
