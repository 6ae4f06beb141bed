/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What metrics and works make of throughputs and latencies. Nothing here knows of devices or
 * tenants. */
#ifndef EXITLAB_GPU_ARITHMETIC_H
#define EXITLAB_GPU_ARITHMETIC_H

#include <stddef.h>

/* Sorts numbers, none of them NAN. */
void sort_ascending(double *values, size_t count);

double sum_of(const double *values, size_t count);

/*
 * Jain's index of fairness: 1 where all have the same, 1/count where one has all. NAN where nobody
 * has anything.
 */
double jain_index(const double *values, size_t count);

/* Standard deviation of 2 or more values over their mean. NAN where that is 0. */
double variation_of(const double *values, size_t count);

/*
 * Something took from from to to: each of so many equal slices that begin at begin, one unit of
 * time, gets the share of it that was in the slice, 0 to 1, added. What was outside is lost.
 */
void share_out(double from, double to, double begin, double slice, size_t slices, double *shares);

/*
 * Share of accesses, in %, that hit, from their latency and those of a hit and of a miss, any one
 * unit. Noise makes it a little less than 0 or more than 100 at times: that is left as it is.
 */
double hit_ratio(double latency, double hit, double miss);

/* Index of the first of count values, 1 or more, that is at least share, 0 to 1, of the greatest.
 */
size_t first_reaching(const double *values, size_t count, double share);

#endif
