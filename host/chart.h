/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Charts as SVG inside a page, drawn from a row of summary.json: no program, no font and no colour
 * is needed beyond page.css. Values lie on a logarithmic axis.
 */
#ifndef EXITLAB_CHART_H
#define EXITLAB_CHART_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A row's "histogram". */
struct distribution {
	struct bin {
		uint64_t low, high, count; /* samples from low to below high; count is not 0 */
	} * bins;			   /* ascending */
	size_t size;
	uint64_t samples; /* of all bins */
};

/* False where the row has none, or one that cannot be. The caller frees what it gets. */
bool distribution_read(const json_t *row, struct distribution *distribution);
void distribution_free(struct distribution *distribution);

/* An <svg> of the row's histogram, and one of its empirical distribution function. */
void chart_histogram(const json_t *row, const struct distribution *distribution, FILE *out);
void chart_ecdf(const json_t *row, const struct distribution *distribution, FILE *out);

/* A range of values on which several rows are drawn; low is above 0 and below high. */
struct chart_range {
	double low, high;
};

/* The least range that holds the samples of all rows; false where none has any. */
bool chart_range_of(const json_t *rows, struct chart_range *range);

/* A line of a table: from min to max, p50 to p99 thick. Nothing where the row has no samples. */
void chart_strip(const json_t *row, const struct chart_range *range, FILE *out);

/*
 * The course of a value over `count` runs, at least two, the oldest first. Its scale is its own,
 * but no less than a tenth of the value, so that a change of little looks like little. label says
 * what it is.
 */
void chart_course(const double *values, size_t count, const char *label, FILE *out);

/* The ticks of an axis. */
#define CHART_TICKS 16

/*
 * Round values in [low, high], ascending, whose labels (chart_label) stand side by side on a
 * logarithmic axis of so many pixels: at least one, unless no whole number lies there. Their
 * number.
 */
size_t chart_ticks(double low, double high, double pixels, double ticks[CHART_TICKS]);

/* "950", "20k", "1.5M": short, and exact for what chart_ticks() gives. */
const char *chart_label(double value, char text[32]);

#endif
