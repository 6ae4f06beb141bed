// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Order statistics, exact: ten million samples are sorted in a fraction of a second. */
#include <math.h>
#include <string.h>

#include "stats.h"

const char *const percentile_keys[STATS_PERCENTILES] = {
#define PERCENTILE(name, key, per10000) key,
	PERCENTILES(PERCENTILE)
#undef PERCENTILE
};

const uint32_t percentile_per10000[STATS_PERCENTILES] = {
#define PERCENTILE(name, key, per10000) per10000,
	PERCENTILES(PERCENTILE)
#undef PERCENTILE
};

#define DIGIT_BITS 11 /* three digits of a sample; a table of counters stays in the L1 cache */
#define DIGITS	   (1u << DIGIT_BITS)

/* Moves the samples from one array to the other, ordered by one digit. */
static void scatter(const uint32_t *from, uint32_t *to, size_t n, unsigned int shift, size_t *count)
{
	size_t start = 0;

	for (unsigned int digit = 0; digit < DIGITS; digit++) {
		size_t next = start + count[digit];

		count[digit] = start;
		start = next;
	}
	for (size_t i = 0; i < n; i++)
		to[count[(from[i] >> shift) % DIGITS]++] = from[i];
}

void stats_sort(uint32_t *samples, uint32_t *scratch, size_t n)
{
	size_t count[3][DIGITS] = {0};
	uint32_t *from = samples, *to = scratch;

	for (size_t i = 0; i < n; i++)
		for (unsigned int pass = 0; pass < 3; pass++)
			count[pass][(samples[i] >> (pass * DIGIT_BITS)) % DIGITS]++;
	for (unsigned int pass = 0; pass < 3; pass++) {
		unsigned int shift = pass * DIGIT_BITS;
		uint32_t *swap = from;

		/* Exits of one kind cost alike: the high digits are mostly all the same. */
		if (!n || count[pass][(from[0] >> shift) % DIGITS] == n)
			continue;
		scatter(from, to, n, shift, count[pass]);
		from = to;
		to = swap;
	}
	if (from != samples)
		memcpy(samples, from, n * sizeof(*samples));
}

size_t stats_rank(uint32_t per10000, size_t n)
{
	size_t rank = ((uint64_t)per10000 * n + 9999) / 10000;

	return rank ? rank : 1;
}

size_t stats_median_rank(size_t n)
{
	size_t l = n / 2;
	double inside, term;

	if (n < 6)
		return 1;
	/* P(l samples below the median), in the middle of the distribution */
	term = exp(lgamma(n + 1.0) - lgamma(l + 1.0) - lgamma(n - l + 1.0) - n * M_LN2);
	inside = n % 2 ? 2 * term : term;
	/* P(l <= samples below <= n - l) grows as l moves out, by its two ends at a time. */
	while (l > 1 && inside < 0.95) {
		term *= (double)l / (n - l + 1);
		l--;
		inside += 2 * term;
	}
	return l;
}

void stats_percentiles(const uint32_t *sorted, size_t n, uint32_t at[STATS_PERCENTILES])
{
	for (int i = 0; i < STATS_PERCENTILES; i++)
		at[i] = sorted[stats_rank(percentile_per10000[i], n) - 1];
}

void stats_of_sorted(const uint32_t *sorted, size_t n, struct stats *stats)
{
	size_t l = stats_median_rank(n);
	unsigned __int128 squares = 0, variance;
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += sorted[i];
		squares += (uint64_t)sorted[i] * sorted[i];
	}
	/* n * n times the variance, without rounding: at most 2^27 samples, so below 2^118. */
	variance = squares * n - (unsigned __int128)sum * sum;
	*stats = (struct stats){
		.n = n,
		.mean = (double)sum / n,
		.stddev = sqrt((double)variance) / n,
		.median_low = sorted[l - 1],
		.median_high = sorted[n - l],
	};
	stats_percentiles(sorted, n, stats->at);
}

uint64_t histogram_low(unsigned int bin)
{
	unsigned int octave = bin >> HISTOGRAM_BITS, part = bin & ((1u << HISTOGRAM_BITS) - 1);

	if (octave == 0)
		return part;
	return (uint64_t)((1u << HISTOGRAM_BITS) + part) << (octave - 1);
}

unsigned int histogram_bin(uint32_t value)
{
	unsigned int octave = 0;

	while (value >> octave >= 2u << HISTOGRAM_BITS)
		octave++;
	return (octave << HISTOGRAM_BITS) + (value >> octave);
}

void histogram_add(uint64_t bins[HISTOGRAM_BINS], const uint32_t *sorted, size_t n)
{
	unsigned int bin = 0;

	for (size_t i = 0; i < n; i++) {
		while (sorted[i] >= histogram_low(bin + 1))
			bin++;
		bins[bin]++;
	}
}
