// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The two charts of a row: histogram and distribution function, on the same axis of values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "html.h"
#include "json_file.h"
#include "stats.h"
#include "util.h"

/* The drawing, in units that are pixels where a chart is as wide as a phone. */
#define WIDTH  400
#define HEIGHT 220
#define LEFT   42
#define RIGHT  (WIDTH - 12)
#define TOP    16
#define BOTTOM (HEIGHT - 34)
#define LINE   13 /* of text */

/* A logarithmic axis of values, from pixel LEFT to RIGHT. */
struct axis {
	double low, high;
};

static double x_of(const struct axis *axis, double value)
{
	value = fmin(fmax(value, axis->low), axis->high);
	return LEFT + (RIGHT - LEFT) * log(value / axis->low) / log(axis->high / axis->low);
}

bool distribution_read(const json_t *row, struct distribution *distribution)
{
	const json_t *histogram = json_object_get(row, "histogram"), *pair;
	size_t i, count = json_array_size(histogram);
	uint64_t end = 0;

	*distribution = (struct distribution){0};
	if (!count)
		return false;
	distribution->bins = calloc(count, sizeof(*distribution->bins));
	if (!distribution->bins)
		die("no memory for %zu bins", count);
	json_array_foreach (histogram, i, pair) {
		const json_t *low = json_array_get(pair, 0), *samples = json_array_get(pair, 1);
		struct bin *bin = &distribution->bins[i];

		if (!json_is_integer(low) || !json_is_integer(samples))
			break;
		*bin = (struct bin){json_integer_value(low), 0, json_integer_value(samples)};
		/* Samples have 32 bits, and there are less than 2^32 of them in a row. */
		if (bin->low < end || bin->low > UINT32_MAX || !bin->count ||
		    bin->count > UINT32_MAX)
			break;
		bin->high = end = histogram_low(histogram_bin(bin->low) + 1);
		distribution->samples += bin->count;
	}
	distribution->size = count;
	if (i == count)
		return true;
	distribution_free(distribution);
	return false;
}

void distribution_free(struct distribution *distribution)
{
	free(distribution->bins);
	*distribution = (struct distribution){0};
}

/*
 * A bin on the axis: half a tick to either side of the whole numbers in it. 0 has no place on a
 * logarithmic axis: it is drawn at 1/2.
 */
static double left_of(const struct bin *bin)
{
	return fmax(bin->low - 0.5, 0.5);
}

static double right_of(const struct bin *bin)
{
	return fmax(bin->high - 0.5, 0.5);
}

/* All samples, with a little room at the ends. */
static struct axis axis_of(const struct distribution *distribution)
{
	double low = left_of(&distribution->bins[0]);
	double high = right_of(&distribution->bins[distribution->size - 1]);
	/* Where all samples are nearly alike: a tenth around them, and some whole numbers. */
	double least = fmax(1.1, (low + 5) / low);
	double room = fmax(fmin(fmax(pow(high / low, 0.05), 1.02), 1.5), sqrt(least * low / high));

	return (struct axis){low / room, high * room};
}

static void begin(const json_t *row, const char *what, const char *description, FILE *out)
{
	const char *id = json_text(row, "id");

	fprintf(out, "<svg class=\"chart %s\" viewBox=\"0 0 %d %d\" role=\"img\">\n<title>", what,
		WIDTH, HEIGHT);
	html_printf(out, "%s: %s", id, description);
	fputs("</title>\n<desc>", out);
	html_printf(out,
		    "%" JSON_INTEGER_FORMAT " samples in %s: min %" JSON_INTEGER_FORMAT
		    ", p50 %" JSON_INTEGER_FORMAT ", p99 %" JSON_INTEGER_FORMAT
		    ", p99.9 %" JSON_INTEGER_FORMAT ", max %" JSON_INTEGER_FORMAT,
		    json_integer_value(json_object_get(row, "n")), json_text(row, "unit"),
		    json_integer_value(json_object_get(row, "min")),
		    json_integer_value(json_object_get(row, "p50")),
		    json_integer_value(json_object_get(row, "p99")),
		    json_integer_value(json_object_get(row, "p99.9")),
		    json_integer_value(json_object_get(row, "max")));
	fputs("</desc>\n", out);
}

static void text(double x, double y, const char *anchor, const char *words, FILE *out)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\"%s%s%s>", x, y, *anchor ? " text-anchor=\"" : "",
		anchor, *anchor ? "\"" : "");
	html_text(words, out);
	fputs("</text>\n", out);
}

/* The axis of values, the same below both charts. */
static void draw_values(const struct axis *axis, const char *unit, FILE *out)
{
	double ticks[CHART_TICKS];
	size_t count = chart_ticks(axis->low, axis->high, RIGHT - LEFT, ticks);
	char label[64];

	fprintf(out, "<path class=\"axis\" d=\"M%d %dH%d", LEFT, BOTTOM, RIGHT);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "M%.1f %dv4", x_of(axis, ticks[i]), BOTTOM);
	fputs("\"/>\n", out);
	for (size_t i = 0; i < count; i++)
		text(x_of(axis, ticks[i]), BOTTOM + 4 + LINE, "middle",
		     chart_label(ticks[i], label), out);
	snprintf(label, sizeof(label), "%s, log scale", unit);
	text(RIGHT, HEIGHT - 3, "end", label, out);
}

/* A line across the chart at a value of the other axis, with its label. */
static void draw_level(double y, const char *label, FILE *out)
{
	fprintf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", LEFT, y, RIGHT);
	text(LEFT - 5, y + 4, "end", label, out);
}

/*
 * A dashed line for each percentile that is marked, those of one value as one. Their labels stand
 * one below the other from `y` on.
 */
static void draw_marks(const json_t *row, const struct axis *axis, double y, FILE *out)
{
	static const char *const keys[] = {"p50", "p99", "p99.9"};
	struct mark {
		json_int_t value;
		char label[64];
	} marks[ARRAY_SIZE(keys)] = {0};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_int_t value = json_integer_value(json_object_get(row, keys[i]));
		bool same = count && marks[count - 1].value == value;
		struct mark *mark = &marks[same ? count - 1 : count++];
		size_t length = strlen(mark->label);

		mark->value = value;
		snprintf(mark->label + length, sizeof(mark->label) - length, "%s%s",
			 same ? ", " : "", keys[i]);
	}
	for (size_t i = 0; i < count; i++)
		fprintf(out, "<path class=\"mark\" d=\"M%.1f %dV%d\"/>\n",
			x_of(axis, marks[i].value), TOP, BOTTOM);
	fputs("<g class=\"mark\">\n", out);
	for (size_t i = 0; i < count; i++) {
		double x = x_of(axis, marks[i].value);
		char label[128];

		snprintf(label, sizeof(label), "%s = %" JSON_INTEGER_FORMAT, marks[i].label,
			 marks[i].value);
		/* A character is 6.5 pixels wide or less. */
		if (x + 6.5 * strlen(label) < RIGHT)
			text(x + 4, y + i * LINE, "", label, out);
		else
			text(x - 4, y + i * LINE, "end", label, out);
	}
	fputs("</g>\n", out);
}

/* The height of a bar on a logarithmic axis that begins below 1 and leaves room for the marks. */
static double y_of_count(uint64_t count, uint64_t most)
{
	double top = TOP + 3.5 * LINE;

	return BOTTOM - (BOTTOM - top) * log(count / 0.6) / log(fmax(most, 1.5) / 0.6);
}

/* Neighbouring bins are put together until a bar is two pixels wide or more. */
static size_t gather(const struct distribution *distribution, const struct axis *axis,
		     struct bin *bars, uint64_t *most)
{
	size_t count = 0;

	*most = 0;
	for (size_t i = 0; i < distribution->size; i++) {
		struct bin bin = distribution->bins[i];
		/* A grid of two pixels: which of its cells does the bin begin in? */
		double cell = floor(x_of(axis, left_of(&bin)) / 2);

		if (count && floor(x_of(axis, left_of(&bars[count - 1])) / 2) == cell) {
			bars[count - 1].high = bin.high;
			bars[count - 1].count += bin.count;
		} else {
			bars[count++] = bin;
		}
		if (bars[count - 1].count > *most)
			*most = bars[count - 1].count;
	}
	return count;
}

void chart_histogram(const json_t *row, const struct distribution *distribution, FILE *out)
{
	struct bin *bars = calloc(distribution->size, sizeof(*bars));
	struct axis axis = axis_of(distribution);
	char label[32];
	uint64_t most;
	size_t count;
	int step;

	if (!bars)
		die("no memory for a chart");
	count = gather(distribution, &axis, bars, &most);
	step = most > 1000000 ? 2 : 1;
	begin(row, "histogram", "histogram, samples in logarithmic bins", out);
	for (int decade = 0; pow(10, decade) <= most; decade += step)
		draw_level(y_of_count(pow(10, decade), most), chart_label(pow(10, decade), label),
			   out);
	fputs("<path class=\"bars\" d=\"", out);
	for (size_t i = 0; i < count; i++) {
		double left = x_of(&axis, left_of(&bars[i]));
		double width = fmax(x_of(&axis, right_of(&bars[i])) - left, 2);

		fprintf(out, "M%.1f %dV%.1fh%.1fV%dz", left, BOTTOM,
			y_of_count(bars[i].count, most), width, BOTTOM);
	}
	fputs("\"/>\n", out);
	draw_values(&axis, json_text(row, "unit"), out);
	draw_marks(row, &axis, TOP + LINE - 3, out);
	fputs("</svg>\n", out);
	free(bars);
}

static double y_of_fraction(double fraction)
{
	return BOTTOM - (BOTTOM - TOP) * fraction;
}

void chart_ecdf(const json_t *row, const struct distribution *distribution, FILE *out)
{
	static const char *const levels[] = {"0", "0.25", "0.5", "0.75", "1"};
	struct axis axis = axis_of(distribution);
	uint64_t sum = 0;

	begin(row, "ecdf", "ECDF, fraction of the samples up to a value", out);
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		draw_level(y_of_fraction(i / 4.0), levels[i], out);
	fprintf(out, "<path class=\"curve\" d=\"M%d %d", LEFT, BOTTOM);
	for (size_t i = 0; i < distribution->size; i++) {
		const struct bin *bin = &distribution->bins[i];

		sum += bin->count;
		/* Within a bin of several values nothing is known but its ends. */
		fprintf(out, "H%.1fL%.1f %.1f", x_of(&axis, fmax(bin->low, 0.5)),
			x_of(&axis, fmax(bin->high - 1, 0.5)),
			y_of_fraction((double)sum / distribution->samples));
	}
	fprintf(out, "H%d\"/>\n", RIGHT);
	draw_values(&axis, json_text(row, "unit"), out);
	draw_marks(row, &axis, BOTTOM - 2.4 * LINE, out);
	fputs("</svg>\n", out);
}
