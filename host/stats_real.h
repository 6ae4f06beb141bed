/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The order statistics of stats.h for real samples, which may be negative. */
#ifndef EXITLAB_STATS_REAL_H
#define EXITLAB_STATS_REAL_H

#include <stddef.h>

#include "stats.h"

struct stats_real {
	size_t n;
	double at[STATS_PERCENTILES];	/* nearest rank, in the unit of the samples */
	double mean, stddev;		/* stddev of the n samples themselves (divided by n) */
	double median_low, median_high; /* 95 % interval of the median, see stats_median_rank() */
};

/* Sorts n finite samples ascending and summarises them; n is at least 1. */
void stats_of_reals(double *samples, size_t n, struct stats_real *stats);

/* Where the bin of a sample begins; histogram_real_above() has its end, and what bins are. */
double histogram_real_low(double sample);

/* The other end of the bin that begins at low; that of 0 ends where it begins. */
double histogram_real_above(double low);

#endif
