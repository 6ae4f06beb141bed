/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a panel of compare's figure shows of each side: percentiles, and a histogram by its axis. */
#ifndef EXITLAB_COMPARE_DISTRIBUTION_H
#define EXITLAB_COMPARE_DISTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>

#include "compare.h"

#define CELLS 120 /* that the axis is divided into */

/* Where the values of a panel lie. */
struct axis {
	double low, high; /* above 0 where it is logarithmic */
	bool linear;
};

/* A side's row, all its runs together. */
struct distribution {
	double p1, p25;	      /* the lowest of the runs */
	double p75, p95, p99; /* the highest */
	double cells[CELLS];  /* samples in each part of the axis */
	double n;	      /* samples of all runs */
	bool has_histogram;   /* of all runs; else cells are empty */
};

/* The row of all runs of a side, with empty cells: they take an axis. */
struct distribution distribution_of(const struct side *side, const char *id, bool linear);

/* Fills the cells, where all runs have a histogram. */
void distribution_add_histograms(struct distribution *out, const struct side *side, const char *id,
				 const struct axis *axis);

/* The highest cell of all sides, as a share of its side's samples; 1 where all are empty. */
double distribution_tallest(const struct distribution *sides, size_t count);

/*
 * The axis of a panel: what lies between p1 and p95 of any side, and a little more. whole: samples
 * are whole numbers.
 */
struct axis axis_choose(const struct distribution *sides, size_t count, bool linear, bool whole);

/* Where a cell begins, 0 to CELLS. */
double axis_value(const struct axis *axis, int cell);

#endif
