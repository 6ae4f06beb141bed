// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "chart_real.h"
#include "html.h"
#include "json_file.h"
#include "stats_real.h"
#include "util.h"

/* The drawing, in units that are pixels where a chart is as wide as a phone. */
#define WIDTH  400
#define HEIGHT 180
#define LEFT   46
#define RIGHT  (WIDTH - 14)
#define TOP    30 /* of the bars; the box lies above */
#define BOTTOM (HEIGHT - 34)
#define LINE   13 /* of text */
#define CELLS  ((RIGHT - LEFT) / 2)

static double number(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

static double x_of(const struct real_axis *axis, double value)
{
	return LEFT + (RIGHT - LEFT) * real_axis_at(axis, value);
}

static double y_of(const struct real_axis *axis, double value)
{
	return BOTTOM - (BOTTOM - TOP) * real_axis_at(axis, value);
}

static void text(double x, double y, const char *anchor, const char *words, FILE *out)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	html_text(words, out);
	fputs("</text>\n", out);
}

/* "us, log scale": what is beside an axis of the row's values. */
static void axis_label(const json_t *row, const struct real_axis *axis, char label[64])
{
	const char *unit = real_unit(row);

	snprintf(label, 64, "%.40s%s%s", unit, *unit && axis->logarithmic ? ", " : "",
		 axis->logarithmic ? "log scale" : "");
}

/* The axis of the row's values, below, and what they are. */
static void draw_values(const struct real_axis *axis, const json_t *row, FILE *out)
{
	double ticks[REAL_TICKS];
	size_t count = real_axis_ticks(axis, ticks);
	char label[64];

	fprintf(out, "<path class=\"axis\" d=\"M%d %dH%d", LEFT, BOTTOM, RIGHT);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "M%.1f %dv4", x_of(axis, ticks[i]), BOTTOM);
	fputs("\"/>\n", out);
	for (size_t i = 0; i < count; i++)
		text(x_of(axis, ticks[i]), BOTTOM + 4 + LINE, "middle",
		     chart_label(ticks[i], label), out);
	axis_label(row, axis, label);
	text(RIGHT, HEIGHT - 3, "end", label, out);
}

/* "p50 2.089 (2.071 to 2.134), p1 1.920, ..." for who cannot see the drawing. */
static void describe(const json_t *row, FILE *out)
{
	static const char *const keys[] = {"p1", "p25", "p50", "p75", "p99"};
	char label[32];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		html_printf(out, "%s%s %s", i ? ", " : "", keys[i],
			    real_label(number(row, keys[i]), label));
	html_printf(out, " %s", real_unit(row));
}

/* Shares the samples of the row's bins out among the cells of the axis; the fullest cell. */
static double fill(const json_t *row, const struct real_axis *axis, double cells[CELLS])
{
	const json_t *bin;
	double most = 0;
	size_t i;

	json_array_foreach (json_object_get(row, "histogram"), i, bin) {
		double low = json_number_value(json_array_get(bin, 0));
		double samples = json_number_value(json_array_get(bin, 1));
		double from = CELLS * real_axis_at(axis, low);
		double to = CELLS * real_axis_at(axis, histogram_real_above(low));

		/* That of 0 has no width, and one at an end may have none left. */
		if (to - from < 1e-9)
			cells[(int)fmin(from, CELLS - 1)] += samples;
		else
			for (int cell = from; cell < CELLS && cell < to; cell++)
				cells[cell] += samples * (fmin(to, cell + 1) - fmax(from, cell)) /
					       (to - from);
	}
	for (int cell = 0; cell < CELLS; cell++)
		most = fmax(most, cells[cell]);
	return most;
}

/* p1 to p99 as a line, p25 to p75 as a box, p50 as a stroke with its interval below. */
static void draw_box(const json_t *row, const struct real_axis *axis, FILE *out)
{
	const json_t *interval = json_object_get(row, "p50_ci95");
	double middle = TOP / 2.0 - 2;

	fprintf(out,
		"<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/><path class=\"box\" "
		"d=\"M%.1f %.1fh%.1fv10h%.1fz\"/><path class=\"middle\" d=\"M%.1f %.1fv14\"/>"
		"<path class=\"interval\" d=\"M%.1f %.1fH%.1f\"/>\n",
		x_of(axis, number(row, "p1")), middle, x_of(axis, number(row, "p99")),
		x_of(axis, number(row, "p25")), middle - 5,
		fmax(x_of(axis, number(row, "p75")) - x_of(axis, number(row, "p25")), 1),
		-fmax(x_of(axis, number(row, "p75")) - x_of(axis, number(row, "p25")), 1),
		x_of(axis, number(row, "p50")), middle - 7,
		x_of(axis, json_number_value(json_array_get(interval, 0))), middle + 10,
		x_of(axis, json_number_value(json_array_get(interval, 1))));
}

void chart_real(const json_t *row, FILE *out)
{
	struct real_axis axis = real_axis_of(number(row, "min"), number(row, "max"));
	double cells[CELLS] = {0}, most = fill(row, &axis, cells);

	fprintf(out, "<svg class=\"chart real\" viewBox=\"0 0 %d %d\" role=\"img\"><title>", WIDTH,
		HEIGHT);
	html_printf(out, "%s: distribution", json_text(row, "id"));
	fputs("</title>\n<desc>", out);
	describe(row, out);
	fputs("</desc>\n", out);
	draw_box(row, &axis, out);
	/* No scale of heights: a cell has no whole number of samples. */
	fputs("<path class=\"bars\" d=\"", out);
	for (int cell = 0; cell < CELLS; cell++)
		if (cells[cell] > 0)
			fprintf(out, "M%d %dV%.1fh2V%d", LEFT + 2 * cell, BOTTOM,
				BOTTOM - (BOTTOM - TOP) * cells[cell] / most, BOTTOM);
	fputs("\"/>\n", out);
	draw_values(&axis, row, out);
	fputs("</svg>\n", out);
}

#define BOX_WIDTH  160
#define BOX_HEIGHT 14

void chart_box(const json_t *row, const struct real_axis *axis, FILE *out)
{
	static const char *const keys[] = {"p1", "p25", "p50", "p75", "p99"};
	double x[ARRAY_SIZE(keys)], middle = BOX_HEIGHT / 2.0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		x[i] = BOX_WIDTH * real_axis_at(axis, number(row, keys[i]));
	fprintf(out,
		"<svg class=\"strip short\" viewBox=\"-2 0 %d %d\" preserveAspectRatio=\"none\" "
		"role=\"img\"><title>",
		BOX_WIDTH + 4, BOX_HEIGHT);
	describe(row, out);
	fprintf(out,
		"</title><path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/><path class=\"body\" "
		"d=\"M%.1f %.1fH%.1f\"/><path class=\"median\" d=\"M%.1f 1V%d\"/></svg>",
		x[0], middle, x[4], x[1], middle, fmax(x[3], x[1] + 1), x[2], BOX_HEIGHT - 1);
}

struct real_axis sweep_axis(const struct sweep *sweep)
{
	bool shares = !strcmp(json_text(sweep->points[0].row, "unit"), "%");
	double low = INFINITY, high = -INFINITY;
	struct real_axis axis;

	for (size_t i = 0; i < sweep->count; i++) {
		low = fmin(low, number(sweep->points[i].row, "p25"));
		high = fmax(high, number(sweep->points[i].row, "p75"));
	}
	axis = real_axis_of(low, high);
	if (low >= 0 && (shares || !axis.logarithmic)) {
		axis = real_axis_of(0, high);
		axis.low = 0;
	}
	return axis;
}

/* Points lie on a logarithmic axis: sizes and counts that double. */
static double x_of_point(const struct sweep *sweep, size_t point)
{
	double first = sweep->points[0].value, last = sweep->points[sweep->count - 1].value;

	return LEFT + 14 +
	       (RIGHT - LEFT - 28) * log(sweep->points[point].value / first) / log(last / first);
}

static void draw_points(const struct sweep *sweep, const struct real_axis *axis, FILE *out)
{
	fputs("<path class=\"band\" d=\"", out);
	for (size_t i = 0; i < sweep->count; i++)
		fprintf(out, "%s%.1f %.1f", i ? "L" : "M", x_of_point(sweep, i),
			y_of(axis, number(sweep->points[i].row, "p25")));
	for (size_t i = sweep->count; i-- > 0;)
		fprintf(out, "L%.1f %.1f", x_of_point(sweep, i),
			y_of(axis, number(sweep->points[i].row, "p75")));
	fputs("z\"/>\n<path class=\"curve\" d=\"", out);
	for (size_t i = 0; i < sweep->count; i++)
		fprintf(out, "%s%.1f %.1f", i ? "L" : "M", x_of_point(sweep, i),
			y_of(axis, number(sweep->points[i].row, "p50")));
	fputs("\"/>\n<path class=\"interval\" d=\"", out);
	for (size_t i = 0; i < sweep->count; i++) {
		const json_t *interval = json_object_get(sweep->points[i].row, "p50_ci95");
		double low = y_of(axis, json_number_value(json_array_get(interval, 0)));
		double high = y_of(axis, json_number_value(json_array_get(interval, 1)));

		fprintf(out, "M%.1f %.1fh8m-4 0V%.1fm-4 0h8", x_of_point(sweep, i) - 4, low, high);
	}
	fputs("\"/>\n", out);
}

void chart_sweep(const struct sweep *sweep, FILE *out)
{
	struct real_axis axis = sweep_axis(sweep);
	double ticks[REAL_TICKS];
	size_t count = real_axis_ticks(&axis, ticks);
	char label[64];

	fprintf(out, "<svg class=\"chart sweep\" viewBox=\"0 0 %d %d\" role=\"img\"><title>", WIDTH,
		HEIGHT);
	html_printf(out, "%s by %s to %s", sweep->metric, sweep->points[0].name,
		    sweep->points[sweep->count - 1].name);
	fputs("</title>\n<desc>", out);
	for (size_t i = 0; i < sweep->count; i++)
		html_printf(out, "%s%s: p50 %s", i ? ", " : "", sweep->points[i].name,
			    real_label(number(sweep->points[i].row, "p50"), label));
	html_printf(out, " %s", real_unit(sweep->points[0].row));
	fputs("</desc>\n", out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", LEFT,
			y_of(&axis, ticks[i]), RIGHT);
		text(LEFT - 5, y_of(&axis, ticks[i]) + 4, "end", chart_label(ticks[i], label), out);
	}
	axis_label(sweep->points[0].row, &axis, label);
	text(4, TOP - 14, "start", label, out);
	draw_points(sweep, &axis, out);
	fprintf(out, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", LEFT, BOTTOM, RIGHT);
	for (size_t i = 0; i < sweep->count; i++)
		text(x_of_point(sweep, i), BOTTOM + 4 + LINE, "middle", sweep->points[i].name, out);
	fputs("</svg>\n", out);
}
