/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The arithmetic of CACHE, for its test. */
#ifndef EXITLAB_GPU_METRICS_CACHE_H
#define EXITLAB_GPU_METRICS_CACHE_H

/*
 * Share of accesses, in %, that hit, from their mean latency and those of a hit and of a miss, any
 * one unit. Noise can make it a little less than 0 or more than 100: that is left as it is.
 */
double cache_hit_ratio(double latency, double hit, double miss);

#endif
