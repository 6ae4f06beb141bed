/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long calls took, of any number of them in a fixed room: counts in bins of which each is at
 * most 1/128 as wide as what it counts, and 1 ns at least. The mean and the maximum are exact.
 */
#ifndef EXITLAB_GPU_LATENCY_H
#define EXITLAB_GPU_LATENCY_H

#include <stdint.h>

#define LATENCY_LINEAR	 128 /* bins of one power of two */
#define LATENCY_LARGEST	 40  /* 2^40 ns, 18 minutes: what is longer counts as that long */
#define LATENCY_DOUBLING (LATENCY_LARGEST - 7 + 1)
#define LATENCY_BINS	 (LATENCY_DOUBLING * LATENCY_LINEAR)

struct latency {
	uint64_t count, sum, most; /* ns */
	uint64_t bins[LATENCY_BINS];
};

void latency_add(struct latency *latency, uint64_t ns);

/* Adds all that from has. */
void latency_merge(struct latency *latency, const struct latency *from);

/* ns that a share of the calls, 0 to 1, did not exceed, by nearest rank: the middle of its bin. 0
 * of no calls. */
double latency_quantile(const struct latency *latency, double share);

#endif
