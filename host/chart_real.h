/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Charts of rows with real samples, which may be negative, as SVG inside a page: as chart.h, drawn
 * from summary.json alone.
 */
#ifndef EXITLAB_CHART_REAL_H
#define EXITLAB_CHART_REAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A range of values: logarithmic where it spans much and is above 0, else linear. */
struct real_axis {
	double low, high;
	bool logarithmic;
};

/* The axis that holds low to high, low <= high, with a little room. */
struct real_axis real_axis_of(double low, double high);

/* Where a value lies, from 0 to 1; what lies beyond an end is put there. */
double real_axis_at(const struct real_axis *axis, double value);

#define REAL_TICKS 10

/* Round values within the axis, ascending, REAL_TICKS at most. Their number. */
size_t real_axis_ticks(const struct real_axis *axis, double ticks[REAL_TICKS]);

/* A value with four digits or more: "0.1044", "42.57", "4209"; at least 32 bytes. */
const char *real_label(double value, char text[32]);

/* The unit of a row to be printed beside a number: "" for an index or a count. */
const char *real_unit(const json_t *row);

/* The rows of a metric that has numbers at several points, of which each is a number: a size, a
 * count, a share. */
#define SWEEP_POINTS 16

struct sweep {
	const char *metric; /* "OH-002" */
	struct sweep_point {
		const json_t *row;
		const char *name; /* "64KiB", "quarter" */
		double value;	  /* 65536, 0.25 */
	} points[SWEEP_POINTS];	  /* ascending */
	size_t count;		  /* with numbers, 2 or more */
};

/* The sweep of a metric; false where it has none. It refers to the summary. */
bool sweep_read(const json_t *summary, const char *metric, struct sweep *sweep);

/* The axis of its values: from 0 where that does not hide what they do, and for shares. */
struct real_axis sweep_axis(const struct sweep *sweep);

/* An <svg> of the medians of a sweep with their intervals, p25 to p75 behind them. */
void chart_sweep(const struct sweep *sweep, FILE *out);

/* An <svg> of the row's histogram, above it a box: p1 to p99, p25 to p75, p50 and its interval. */
void chart_real(const json_t *row, FILE *out);

/* The least axis that holds p1 to p99 of the metric's rows; false where none has numbers. */
bool real_axis_of_metric(const json_t *summary, const char *metric, struct real_axis *axis);

/* The box alone, for a line of a table. */
void chart_box(const json_t *row, const struct real_axis *axis, FILE *out);

#endif
