// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>

#include "latency.h"

#define LINEAR_BITS 7

/* From LATENCY_LINEAR on each power of two has as many bins as there are below. */
static unsigned int doubling_of(uint64_t ns)
{
	unsigned int bits = 64 - (unsigned int)__builtin_clzll(ns | 1);

	return bits > LINEAR_BITS + 1 ? bits - LINEAR_BITS - 1 : 0;
}

void latency_add(struct latency *latency, uint64_t ns)
{
	const uint64_t largest = (1ull << LATENCY_LARGEST) - 1;
	uint64_t at = ns < largest ? ns : largest;
	unsigned int doubling = doubling_of(at);

	latency->count++;
	latency->sum += ns;
	if (latency->most < ns)
		latency->most = ns;
	latency->bins[doubling * LATENCY_LINEAR + (at >> doubling)]++;
}

void latency_merge(struct latency *latency, const struct latency *from)
{
	latency->count += from->count;
	latency->sum += from->sum;
	if (latency->most < from->most)
		latency->most = from->most;
	for (int i = 0; i < LATENCY_BINS; i++)
		latency->bins[i] += from->bins[i];
}

/* ns in the middle of a bin. */
static double middle(unsigned int bin)
{
	unsigned int doubling = bin / LATENCY_LINEAR;
	uint64_t least;

	if (doubling)
		doubling--;
	least = (uint64_t)(bin - doubling * LATENCY_LINEAR) << doubling;
	return least + ((1ull << doubling) - 1) / 2.0;
}

double latency_quantile(const struct latency *latency, double share)
{
	uint64_t rank = ceil(share * latency->count), passed = 0;

	for (unsigned int bin = 0; bin < LATENCY_BINS && latency->count; bin++) {
		passed += latency->bins[bin];
		if (passed >= (rank ?: 1)) {
			double ns = middle(bin);

			return ns < latency->most ? ns : latency->most;
		}
	}
	return 0;
}
