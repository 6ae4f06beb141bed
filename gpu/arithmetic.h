/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What metrics make of throughputs and latencies. Nothing here knows of devices or tenants. */
#ifndef EXITLAB_GPU_ARITHMETIC_H
#define EXITLAB_GPU_ARITHMETIC_H

#include <stddef.h>

double sum_of(const double *values, size_t count);

/*
 * Jain's index of fairness: 1 where all have the same, 1/count where one has all. NAN where nobody
 * has anything.
 */
double jain_index(const double *values, size_t count);

/*
 * Share of accesses, in %, that hit, from their latency and those of a hit and of a miss, any one
 * unit. Noise makes it a little less than 0 or more than 100 at times: that is left as it is.
 */
double hit_ratio(double latency, double hit, double miss);

/* Index of the first of count values, 1 or more, that is at least share, 0 to 1, of the greatest.
 */
size_t first_reaching(const double *values, size_t count, double share);

#endif
