/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exact order statistics of samples: no bins, no interpolation, no floating point in a rank. */
#ifndef EXITLAB_STATS_H
#define EXITLAB_STATS_H

#include <stddef.h>
#include <stdint.h>

/* PERCENTILE(name, key in summary.json, p in 1/10000): in ascending order. */
#define PERCENTILES(PERCENTILE)                                                                    \
	PERCENTILE(MIN, "min", 0)                                                                  \
	PERCENTILE(P1, "p1", 100)                                                                  \
	PERCENTILE(P25, "p25", 2500)                                                               \
	PERCENTILE(P50, "p50", 5000)                                                               \
	PERCENTILE(P75, "p75", 7500)                                                               \
	PERCENTILE(P90, "p90", 9000)                                                               \
	PERCENTILE(P95, "p95", 9500)                                                               \
	PERCENTILE(P99, "p99", 9900)                                                               \
	PERCENTILE(P99_9, "p99.9", 9990)                                                           \
	PERCENTILE(P99_99, "p99.99", 9999)                                                         \
	PERCENTILE(MAX, "max", 10000)

enum percentile {
#define PERCENTILE(name, key, per10000) STATS_##name,
	PERCENTILES(PERCENTILE)
#undef PERCENTILE
		STATS_PERCENTILES
};

/* "min", "p1", ...: keys of summary.json. */
extern const char *const percentile_keys[STATS_PERCENTILES];

/* Their p in 1/10000, for stats_rank(). */
extern const uint32_t percentile_per10000[STATS_PERCENTILES];

struct stats {
	uint64_t n;
	uint32_t at[STATS_PERCENTILES];	  /* nearest rank, in the unit of the samples */
	double mean, stddev;		  /* stddev of the n samples themselves (divided by n) */
	uint32_t median_low, median_high; /* 95 % interval of the median, see stats_median_rank() */
};

/* Sorts n samples ascending. scratch holds n elements and is overwritten. */
void stats_sort(uint32_t *samples, uint32_t *scratch, size_t n);

/* The percentiles of n samples in ascending order; n is at least 1. */
void stats_percentiles(const uint32_t *sorted, size_t n, uint32_t at[STATS_PERCENTILES]);

/* Everything about them. */
void stats_of_sorted(const uint32_t *sorted, size_t n, struct stats *stats);

/* Nearest rank, ceil(p * n / 10000) with p in 1/10000, and 1 for p = 0; counted from 1. n >= 1. */
size_t stats_rank(uint32_t per10000, size_t n);

/*
 * The median lies between the samples of rank l and n + 1 - l with at least 95 % confidence: the
 * largest such l, from the binomial distribution of the number of samples below the median. With
 * less than 6 samples there is no such interval; l is 1, which gives the whole range.
 */
size_t stats_median_rank(size_t n);

/* Logarithmic bins: values below 2^HISTOGRAM_BITS each their own, above as many to an octave. */
#define HISTOGRAM_BITS 7
#define HISTOGRAM_BINS ((33 - HISTOGRAM_BITS) << HISTOGRAM_BITS)

/* The smallest value of a bin; that of the next bin is one more than its largest. */
uint64_t histogram_low(unsigned int bin);

/* The bin that a value falls in. */
unsigned int histogram_bin(uint32_t value);

/* Adds n samples in ascending order to the bins they fall in. */
void histogram_add(uint64_t bins[HISTOGRAM_BINS], const uint32_t *sorted, size_t n);

#endif
