// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <string.h>

#include "compare_distribution.h"
#include "json_file.h"
#include "stats.h"
#include "stats_real.h"

/*
 * A percentile, on a logarithmic axis kept within a factor of 100 of the median; the median where
 * there is none.
 */
static double percentile(const json_t *row, const char *key, bool linear)
{
	double median = json_number_value(json_object_get(row, "p50"));
	const json_t *value = json_object_get(row, key);

	if (!json_is_number(value))
		return median;
	if (linear)
		return json_number_value(value);
	return fmin(fmax(json_number_value(value), median / 100), median * 100);
}

struct distribution distribution_of(const struct side *side, const char *id, bool linear)
{
	struct distribution out = {.p1 = INFINITY,
				   .p25 = INFINITY,
				   .p75 = -INFINITY,
				   .p95 = -INFINITY,
				   .p99 = -INFINITY,
				   .has_histogram = true};

	for (size_t i = 0; i < side->count; i++) {
		const json_t *row = summary_row(side->runs[i].summary, id);

		out.p1 = fmin(out.p1, percentile(row, "p1", linear));
		out.p25 = fmin(out.p25, percentile(row, "p25", linear));
		out.p75 = fmax(out.p75, percentile(row, "p75", linear));
		out.p95 = fmax(out.p95, percentile(row, "p95", linear));
		out.p99 = fmax(out.p99, percentile(row, "p99", linear));
		out.n += json_number_value(json_object_get(row, "n"));
		out.has_histogram &= json_is_array(json_object_get(row, "histogram"));
	}
	return out;
}

/* The cell, and part of one, in which a value lies: 0 and CELLS are the ends of the axis. */
static double cell_of(const struct axis *axis, double value)
{
	if (axis->linear)
		return CELLS * (value - axis->low) / (axis->high - axis->low);
	return CELLS * log(value / axis->low) / log(axis->high / axis->low);
}

double axis_value(const struct axis *axis, int cell)
{
	if (axis->linear)
		return axis->low + cell * (axis->high - axis->low) / CELLS;
	return axis->low * pow(axis->high / axis->low, (double)cell / CELLS);
}

/* Shares a bin's samples out among the cells it lies over. */
static void add_bin(struct distribution *out, double low, double above, double samples,
		    const struct axis *axis)
{
	double from = cell_of(axis, low), to = cell_of(axis, above), width = to - from;

	/* The bin of 0 has no width. */
	if (width <= 0 && from >= 0 && from < CELLS)
		out->cells[(int)from] += samples;
	for (int i = fmax(floor(fmin(from, CELLS)), 0); width > 0 && i < CELLS && i < to; i++)
		out->cells[i] += samples * fmax(0, fmin(to, i + 1) - fmax(from, i)) / width;
}

/* A bin of a histogram, of samples that are whole or real. */
static void add_bin_of(struct distribution *out, const json_t *bin, bool real,
		       const struct axis *axis)
{
	double low = json_number_value(json_array_get(bin, 0)), above;
	double samples = json_number_value(json_array_get(bin, 1));

	above = real ? histogram_real_above(low) : histogram_low(histogram_bin(low) + 1);
	if (!real && low == 0)
		low = 0.5;
	/* What is not above 0 has no place on a logarithmic axis. */
	if (axis->linear || low > 0)
		add_bin(out, low, above, samples, axis);
}

void distribution_add_histograms(struct distribution *out, const struct side *side, const char *id,
				 const struct axis *axis)
{
	const json_t *bin;
	size_t k;

	for (size_t i = 0; out->has_histogram && i < side->count; i++) {
		const json_t *summary = side->runs[i].summary, *row = summary_row(summary, id);
		bool real = summary_is_of_gpu(summary);

		json_array_foreach (json_object_get(row, "histogram"), k, bin) {
			add_bin_of(out, bin, real, axis);
		}
	}
}

double distribution_tallest(const struct distribution *sides, size_t count)
{
	double tallest = 0;

	for (size_t i = 0; i < count; i++)
		for (int cell = 0; sides[i].n && cell < CELLS; cell++)
			tallest = fmax(tallest, sides[i].cells[cell] / sides[i].n);
	return tallest > 0 ? tallest : 1;
}

struct axis axis_choose(const struct distribution *sides, size_t count, bool linear, bool whole)
{
	struct axis axis = {sides[0].p1, sides[0].p95, linear};
	double margin;

	for (size_t i = 1; i < count; i++) {
		if (!sides[i].n)
			continue;
		axis.low = fmin(axis.low, sides[i].p1);
		axis.high = fmax(axis.high, sides[i].p95);
	}
	if (linear) {
		margin = fmax(0.1 * (axis.high - axis.low),
			      0.02 * fmax(fabs(axis.low), fabs(axis.high)));
		/* All of them are 0. */
		margin = margin > 0 ? margin : 1;
		return (struct axis){axis.low - margin, axis.high + margin, linear};
	}
	margin = fmax(pow(axis.high / axis.low, 0.1), 1.02);
	axis.low /= margin;
	axis.high *= margin;
	if (sides[0].has_histogram && whole) {
		axis.low = fmin(axis.low, fmax(sides[0].p1 - 1, sides[0].p1 / 2));
		axis.high = fmax(axis.high, sides[0].p95 + 2);
	}
	return axis;
}
