// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The distributions of each row, side over side, in one figure: a panel a row. Its axis spans p1 to
 * p95 of all sides, for a change of a few percent would be lost beside tails a hundred times as
 * long. It is logarithmic, and linear for a row that is judged by difference.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart_real.h"
#include "compare.h"
#include "compare_distribution.h"
#include "gnuplot.h"
#include "json_file.h"
#include "row_rule.h"
#include "util.h"

#define PANEL_WIDTH  420 /* pixels */
#define PANEL_HEIGHT 208
#define LINE	     20 /* height of a line of text */

/* The base's is filled, the others' are outlined, so that what lies behind can be seen. */
static const char *const colours[] = {"#8aa0b8", "#c2410c", "#15803d", "#7e22ce", "#0e7490"};

static const char *colour_of(size_t side)
{
	return side ? colours[1 + (side - 1) % (ARRAY_SIZE(colours) - 1)] : colours[0];
}

/* The row of one comparison of the base; NULL where that could not be made. */
static const json_t *compared(const json_t *comparison, size_t side, const char *id)
{
	const json_t *two = json_array_get(json_object_get(comparison, "comparisons"), side - 1);
	const json_t *row = summary_row(two, id);

	return json_is_number(json_object_get(row, "change")) ? row : NULL;
}

/* Is there anything to draw of the row? */
static bool is_drawn(const json_t *comparison, size_t count, const char *id)
{
	for (size_t side = 1; side < count; side++)
		if (compared(comparison, side, id))
			return true;
	return false;
}

/* Three to six labels of round numbers; 1, 2, 5, 10 and so on where they span more than one of
 * these. */
static void print_ticks(const struct axis *axis, FILE *out)
{
	static const double digits[] = {1, 2, 5};
	double decade = pow(10, floor(log10((axis->high - axis->low) / 6)));
	double step = (axis->high - axis->low) / 6 / decade;
	const char *separator = "set xtics (";

	step = decade * (step < 2 ? 2 : step < 5 ? 5 : 10);
	if (axis->linear || axis->high / axis->low < 5)
		for (double n = ceil(axis->low / step); n * step <= axis->high; n++) {
			/* Not "-0". */
			fprintf(out, "%s'%.10g' %.10g", separator, n * step + 0.0, n * step + 0.0);
			separator = ", ";
		}
	else
		for (decade = pow(10, floor(log10(axis->low))); decade <= axis->high; decade *= 10)
			for (size_t i = 0; i < ARRAY_SIZE(digits); i++) {
				fprintf(out, "%s'%.10g' %.10g", separator, digits[i] * decade,
					digits[i] * decade);
				separator = ", ";
			}
	fputs(")\n", out);
}

/* p1 to p95 as a line, p25 to p75 as a bar, the median as a stroke, above the histograms. */
static void print_bar(const struct distribution *side, size_t index, double median, FILE *out)
{
	const struct stroke {
		double from, to, low, high, width;
		const char *colour;
	} strokes[] = {
		{side->p1, side->p95, 0, 0, 1.5, colour_of(index)},
		{side->p25, side->p75, 0, 0, 7, colour_of(index)},
		{median, median, -0.03, 0.03, 8, colour_of(index)},
		{median, median, -0.06, 0.06, 2, "#000000"},
	};
	double height = 1.13 + 0.17 * index;

	for (size_t i = 0; i < ARRAY_SIZE(strokes); i++)
		fprintf(out, "set arrow from %.10g,%g to %.10g,%g nohead lw %g lc rgb '%s' front\n",
			strokes[i].from, height + strokes[i].low, strokes[i].to,
			height + strokes[i].high, strokes[i].width, strokes[i].colour);
}

/* The outline of a histogram; heights are shares of the side's samples, by the tallest of all. */
static void print_outline(const struct distribution *side, size_t index, double tallest,
			  const struct axis *axis, FILE *out)
{
	fprintf(out, "$side%zu << EOD\n%.10g 0\n", index, axis->low);
	for (int i = 0; i < CELLS; i++) {
		double height = side->cells[i] / side->n / tallest;

		fprintf(out, "%.10g %.5g\n%.10g %.5g\n", axis_value(axis, i), height,
			axis_value(axis, i + 1), height);
	}
	fprintf(out, "%.10g 0\nEOD\n", axis->high);
}

/* Whole numbers as they are, others with four digits. */
static const char *p99_text(double value, char text[32])
{
	if (value != floor(value))
		return real_label(value, text);
	snprintf(text, 32, "%.10g", value);
	return text;
}

/* "kernel.cpuid: SLOWER 1.0203", or "OH-009: SAME +0.1 %", in a colour where something changed. */
static void print_title(const json_t *comparison, size_t count, const char *id, FILE *out)
{
	const char *separator = ": ";
	bool slower = false, faster = false;

	fputs("set title '", out);
	gnuplot_quoted(id, out);
	for (size_t side = 1; side < count; side++) {
		const json_t *row = compared(comparison, side, id);

		fputs(separator, out);
		separator = ", ";
		if (!row) {
			fputs("NOT COMPARED", out);
			continue;
		}
		fprintf(out, "%s ", json_text(row, "verdict"));
		if (json_object_get(row, "ratio"))
			fprintf(out, "%.4f", json_number_value(json_object_get(row, "ratio")));
		else
			fprintf(out, "%+.4g", json_number_value(json_object_get(row, "change")));
		slower |= !strcmp(json_text(row, "verdict"), "SLOWER");
		faster |= !strcmp(json_text(row, "verdict"), "FASTER");
	}
	fprintf(out, "' noenhanced offset 0,-0.8 tc rgb '%s'\n",
		slower	 ? "#b91c1c"
		: faster ? "#15803d"
			 : "#000000");
}

static void print_panel(const json_t *comparison, const struct side *sides, size_t count,
			const char *id, FILE *out)
{
	struct distribution *all = calloc(count, sizeof(*all));
	const json_t *first = sides[0].runs[0].summary;
	bool linear = row_rule(first, summary_row(first, id))->difference;
	const char *separator = "plot ";
	struct axis axis;
	char label[32];

	if (!all)
		die("no memory for a plot");
	for (size_t i = 0; i < count; i++)
		if (i == 0 || compared(comparison, i, id))
			all[i] = distribution_of(&sides[i], id, linear);
	axis = axis_choose(all, count, linear, !summary_is_of_gpu(first));
	for (size_t i = 0; i < count; i++)
		distribution_add_histograms(&all[i], &sides[i], id, &axis);
	print_title(comparison, count, id, out);
	fprintf(out, "unset arrow\n%sset logscale x\nset xlabel '", linear ? "un" : "");
	gnuplot_quoted(real_unit(summary_row(first, id)), out);
	if (*real_unit(summary_row(first, id)))
		fputs("; ", out);
	for (size_t i = 0; i < count; i++)
		if (all[i].n)
			fprintf(out, "%s %s", i ? "," : "p99", p99_text(all[i].p99, label));
	fprintf(out, "' noenhanced offset 0,0.5\nset xrange [%.10g:%.10g]\nset yrange [0:%g]\n",
		axis.low, axis.high, 1.1 + 0.17 * count);
	print_ticks(&axis, out);
	for (size_t i = 0; i < count; i++) {
		const json_t *row = compared(comparison, i ?: 1, id);

		for (size_t other = 2; i == 0 && !row; other++)
			row = compared(comparison, other, id);
		if (!all[i].n)
			continue;
		row = json_object_get(row, i ? "with" : "base");
		print_bar(&all[i], i, json_number_value(json_object_get(row, "p50")), out);
		print_outline(&all[i], i, distribution_tallest(all, count), &axis, out);
	}
	for (size_t i = 0; i < count; i++) {
		if (!all[i].n)
			continue;
		fprintf(out, "%s$side%zu with %s lc rgb '%s' notitle", separator, i,
			i ? "lines lw 1.5" : "filledcurves y=0", colour_of(i));
		separator = ", ";
	}
	fputc('\n', out);
	free(all);
}

/* Which colour is which side, and which has no histograms. */
static void print_legend(const struct side *sides, size_t count, double height, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct side_run *run = &sides[i].runs[0];
		double y = 1 - LINE * (i + 1.2) / height;
		const json_t *row;
		bool missing = false;
		size_t k;

		json_array_foreach (json_object_get(run->summary, "rows"), k, row) {
			missing |=
				json_object_get(row, "p50") && !json_object_get(row, "histogram");
		}
		fprintf(out,
			"set object rectangle from screen 0.01,%.5g to screen 0.022,%.5g "
			"fc rgb '%s' fs solid noborder\nset label '%s: ",
			y - 5 / height, y + 5 / height, colour_of(i), i ? "with" : "base");
		gnuplot_quoted(run->path, out);
		if (sides[i].count > 1)
			fprintf(out, " and %zu more", sides[i].count - 1);
		fprintf(out, "%s' at screen 0.028,%.5g noenhanced\n",
			missing ? "; it has no histograms, so percentiles only" : "", y);
	}
	fprintf(out,
		"set label 'Lines: p1 to p95, bars: p25 to p75, strokes: p50. Below them the share of "
		"samples by value, from p1 to p95, logarithmic; linear where a row is judged by difference.' at screen 0.01,%.5g tc rgb '#555555'\n",
		1 - LINE * (count + 1.2) / height);
}

void compare_plot_script(const json_t *comparison, const struct side *sides, size_t count,
			 FILE *out)
{
	const json_t *rows = json_object_get(sides[0].runs[0].summary, "rows"), *row;
	size_t panels = 0, columns, drawn = 0, i;
	double width, height, head = LINE * (count + 2);

	json_array_foreach (rows, i, row) {
		panels += is_drawn(comparison, count, json_text(row, "id"));
	}
	columns = panels > 4 ? 3 : 2;
	width = columns * PANEL_WIDTH;
	height = head + (panels ? (panels + columns - 1) / columns : 1) * PANEL_HEIGHT + 5;
	fprintf(out,
		"set terminal svg size %g,%g dynamic font 'sans-serif,12' background '#ffffff'\n"
		"set multiplot\nset border 1\nunset ytics\nset key off\n"
		"set xtics nomirror out\nset format x '%%.0f'\nset style fill solid 0.55 noborder\n",
		width, height);
	print_legend(sides, count, height, out);
	json_array_foreach (rows, i, row) {
		double left = drawn % columns * PANEL_WIDTH;
		double top = head + drawn / columns * PANEL_HEIGHT;

		if (!is_drawn(comparison, count, json_text(row, "id")))
			continue;
		fprintf(out,
			"set lmargin at screen %.6g\nset rmargin at screen %.6g\n"
			"set tmargin at screen %.6g\nset bmargin at screen %.6g\n",
			(left + 15) / width, (left + PANEL_WIDTH - 15) / width,
			1 - (top + 22) / height, 1 - (top + PANEL_HEIGHT - 60) / height);
		print_panel(comparison, sides, count, json_text(row, "id"), out);
		if (drawn++ == 0)
			fputs("unset label\nunset object\n", out);
	}
	fputs("unset multiplot\n", out);
}

char *compare_plot(const json_t *comparison, const struct side *sides, size_t count)
{
	char *script, *image;
	size_t size;
	FILE *stream = open_memstream(&script, &size);

	if (!stream)
		die("no memory for a plot");
	compare_plot_script(comparison, sides, count, stream);
	fclose(stream);
	image = gnuplot_draw(script, size);
	free(script);
	return image;
}
