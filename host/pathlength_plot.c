// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One picture of a matrix: a band for each row, in it a line for each cell, one below the other,
 * with a point at its path length. Nothing lies on anything else, however many are equal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "json_file.h"
#include "pathlength.h"

#define LINE(rows) ((rows) > 30 ? 3 : 5) /* pixels of one cell in a row's band */
#define COLOURS	   8

static const char *const colours[COLOURS] = {"#000000", "#0072b2", "#d55e00", "#009e73",
					     "#cc79a7", "#e69f00", "#56b4e9", "#999900"};

static size_t cells_of(const json_t *summary)
{
	return json_array_size(json_object_get(summary, "cells"));
}

/* The rows' names as labels of the axis, a shade behind every second; how many there are. */
static size_t print_rows(const json_t *summary, FILE *out)
{
	const json_t *row;
	const char *before = "";
	size_t i, count = 0;

	fputs("set ytics (", out);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		const char *name = json_text(row, "row");

		if (strcmp(before, name)) {
			fprintf(out, "%s'%s' %zu", count ? ", " : "", name, count + 1);
			count++;
		}
		before = name;
	}
	fputs(")\n", out);
	for (i = 1; i <= count; i += 2)
		fprintf(out,
			"set object %zu rectangle from graph 0, first %zu.5 to graph 1, first %zu.5 "
			"behind fillcolor rgb '#f2f2f2' fillstyle solid noborder\n",
			i, i - 1, i);
	return count;
}

/* The points of one cell. */
static void print_cell(const json_t *summary, size_t number, FILE *out)
{
	const json_t *cell = json_array_get(json_object_get(summary, "cells"), number), *row;
	const char *before = "";
	double offset = (number + 0.5) / cells_of(summary) - 0.5;
	size_t i, line = 0;

	fprintf(out, "$cell%zu << EOD\n", number);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		const json_t *p50 = json_object_get(row, "p50");

		line += strcmp(before, json_text(row, "row")) != 0;
		before = json_text(row, "row");
		if (p50 && !pathlength_varies(row) &&
		    !strcmp(json_text(row, "cell"), json_text(cell, "cell")))
			fprintf(out, "%" JSON_INTEGER_FORMAT " %.4f\n", json_integer_value(p50),
				line + 0.9 * offset);
	}
	/* A cell without points is in the key all the same. */
	fputs("NaN NaN\nEOD\n", out);
}

char *pathlength_plot(const json_t *summary)
{
	size_t cells = cells_of(summary), rows, size;
	char *script = NULL, *svg;
	FILE *out = open_memstream(&script, &size);
	int error;

	if (!out)
		return NULL;
	fputs("set encoding utf8\n", out);
	rows = print_rows(summary, out);
	fprintf(out,
		"set terminal svg size 1000,%zu dynamic noenhanced font 'sans-serif,13' background '#ffffff'\n"
		"set title 'Path length: instructions from clock read to clock read, p50'\n"
		"set xlabel 'instructions of guest, host kernel and QEMU (emulated host)'\n"
		"set xrange [0:*]\nset yrange [%zu.5:0.5]\nset tics nomirror out\nset border 3\n"
		"set grid xtics lc rgb '#cccccc'\nset key outside right top noenhanced reverse Left "
		"samplen 1 spacing 1.2\nset format x '%%.0f'\n",
		130 + rows * (cells > 2 ? cells * LINE(rows) : 18), rows);
	for (size_t i = 0; i < cells; i++)
		print_cell(summary, i, out);
	for (size_t i = 0; i < cells; i++) {
		const json_t *cell = json_array_get(json_object_get(summary, "cells"), i);
		const char *colour = colours[i % COLOURS];

		fprintf(out, "%s$cell%zu using 1:2 with points pt %d ps 0.5 lc rgb '%s' title '",
			i ? ", \\\n" : "plot ", i, i / COLOURS % 2 ? 6 : 7, colour);
		gnuplot_quoted(json_text(cell, "cell"), out);
		fprintf(out, "%s'",
			json_object_get(cell, "kernel_release") &&
					json_is_null(json_object_get(cell, "kernel_release"))
				? " (not run)"
				: "");
	}
	fputc('\n', out);
	fclose(out);
	svg = gnuplot_draw(script, size);
	error = errno;
	free(script);
	errno = error;
	return svg;
}
