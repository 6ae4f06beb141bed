// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Order statistics against values worked out by hand, and where the definition is at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../stats.h"
#include "../stats_real.h"
#include "../util.h"

static struct stats stats_of(const uint32_t *samples, size_t n)
{
	uint32_t *sorted = malloc(n * sizeof(*sorted)), *scratch = malloc(n * sizeof(*sorted));
	struct stats stats;

	assert_non_null(sorted);
	assert_non_null(scratch);
	memcpy(sorted, samples, n * sizeof(*sorted));
	stats_sort(sorted, scratch, n);
	stats_of_sorted(sorted, n, &stats);
	free(sorted);
	free(scratch);
	return stats;
}

/* Samples n, n - 1, ..., 1: the sample of rank r is r. */
static struct stats stats_of_count(uint32_t n)
{
	uint32_t *samples = malloc(n * sizeof(*samples));
	struct stats stats;

	assert_non_null(samples);
	for (uint32_t i = 0; i < n; i++)
		samples[i] = n - i;
	stats = stats_of(samples, n);
	free(samples);
	return stats;
}

static void ranks(void **state)
{
	static const struct {
		uint32_t n, at[STATS_PERCENTILES];
	} cases[] = {
		/* min, p1, p25, p50, p75, p90, p95, p99, p99.9, p99.99, max */
		{1, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{2, {1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2}},
		{3, {1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3}},
		{4, {1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4}},
		{10, {1, 1, 3, 5, 8, 9, 10, 10, 10, 10, 10}},
		{20, {1, 1, 5, 10, 15, 18, 19, 20, 20, 20, 20}},
		{100, {1, 1, 25, 50, 75, 90, 95, 99, 100, 100, 100}},
		{101, {1, 2, 26, 51, 76, 91, 96, 100, 101, 101, 101}},
		{1000, {1, 10, 250, 500, 750, 900, 950, 990, 999, 1000, 1000}},
		{10000, {1, 100, 2500, 5000, 7500, 9000, 9500, 9900, 9990, 9999, 10000}},
		{10001, {1, 101, 2501, 5001, 7501, 9001, 9501, 9901, 9991, 10000, 10001}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stats stats = stats_of_count(cases[i].n);

		for (int p = 0; p < STATS_PERCENTILES; p++)
			if (stats.at[p] != cases[i].at[p])
				fail_msg("n %u %s: %u, not %u", cases[i].n, percentile_keys[p],
					 stats.at[p], cases[i].at[p]);
	}
	/* Where floating point would round: 0.9999 * 100000000 and the like. */
	assert_int_equal(stats_rank(9999, 100000000), 99990000);
	assert_int_equal(stats_rank(9990, 1000), 999);
	assert_int_equal(stats_rank(0, 5), 1);
	assert_int_equal(stats_rank(10000, 100000000), 100000000);
}

static void equal_samples(void **state)
{
	uint32_t samples[1000];
	struct stats stats;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		samples[i] = 2787;
	stats = stats_of(samples, ARRAY_SIZE(samples));
	for (int p = 0; p < STATS_PERCENTILES; p++)
		assert_int_equal(stats.at[p], 2787);
	assert_true(stats.mean == 2787 && stats.stddev == 0);
	assert_int_equal(stats.median_low, 2787);
	assert_int_equal(stats.median_high, 2787);
}

static void saturated_samples(void **state)
{
	static const uint32_t samples[] = {UINT32_MAX, 0, UINT32_MAX, UINT32_MAX};
	struct stats stats = stats_of(samples, ARRAY_SIZE(samples));
	struct stats all = stats_of(samples + 2, 2);

	(void)state;
	assert_int_equal(stats.at[STATS_MIN], 0);
	assert_int_equal(stats.at[STATS_P50], UINT32_MAX);
	assert_int_equal(stats.at[STATS_MAX], UINT32_MAX);
	assert_true(stats.mean == 4294967295.0 * 3 / 4);
	assert_true(all.mean == 4294967295.0 && all.stddev == 0);
}

static void mean_and_deviation(void **state)
{
	static const uint32_t samples[] = {2, 4, 4, 4, 5, 5, 7, 9};
	struct stats stats = stats_of(samples, ARRAY_SIZE(samples));
	struct stats one = stats_of(samples, 1);

	(void)state;
	assert_true(stats.mean == 5 && stats.stddev == 2);
	assert_true(one.mean == 2 && one.stddev == 0);
	assert_int_equal(stats.n, 8);
}

/* Ranks of the 95 % interval from tables of the sign test. */
static void median_interval(void **state)
{
	static const struct {
		size_t n, rank;
	} cases[] = {{1, 1},   {2, 1},	 {5, 1},    {6, 1},	 {8, 1},       {9, 2},
		     {10, 2},  {11, 2},	 {12, 3},   {15, 4},	 {20, 6},      {25, 8},
		     {30, 10}, {50, 18}, {100, 40}, {1000, 469}, {10000, 4902}};
	struct stats stats;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (stats_median_rank(cases[i].n) != cases[i].rank)
			fail_msg("n %zu: rank %zu, not %zu", cases[i].n,
				 stats_median_rank(cases[i].n), cases[i].rank);
	stats = stats_of_count(30);
	assert_int_equal(stats.median_low, 10);
	assert_int_equal(stats.median_high, 21);
	/* 1.96 standard deviations of the binomial where it is as good as normal. */
	assert_in_range(stats_median_rank(100000000), 50000000 - 9801, 50000000 - 9798);
}

static int compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void sorts_like_qsort(void **state)
{
	static const uint32_t masks[] = {0, 1, 0x7ff, 0x800, 0x3fffff, 0xffc00000, UINT32_MAX};
	uint32_t samples[2000], wanted[2000] = {0}, scratch[2000], random = 1;

	(void)state;
	for (size_t n = 0; n <= ARRAY_SIZE(samples); n = 2 * n + 1)
		for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
			for (size_t i = 0; i < n; i++) {
				random = random * 1664525 + 1013904223;
				samples[i] = wanted[i] = (random ^ random >> 13) & masks[m];
			}
			qsort(wanted, n, sizeof(*wanted), compare);
			stats_sort(samples, scratch, n);
			assert_memory_equal(samples, wanted, n * sizeof(*wanted));
		}
}

/* Every sample in the bin whose range it is in; the ranges join, and widen by less than 1 %. */
static void histogram(void **state)
{
	static const uint32_t samples[] = {0,	1,   1,	  127,	      128,
					   255, 256, 257, 4000000000, UINT32_MAX};
	uint64_t bins[HISTOGRAM_BINS] = {0}, total = 0;

	(void)state;
	histogram_add(bins, samples, ARRAY_SIZE(samples));
	for (unsigned int bin = 0; bin < HISTOGRAM_BINS; bin++) {
		uint64_t low = histogram_low(bin), above = histogram_low(bin + 1), inside = 0;

		assert_true(above > low && (above - low == 1 || (above - low) * 100 < low));
		for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
			inside += samples[i] >= low && samples[i] < above;
		assert_int_equal(bins[bin], inside);
		assert_int_equal(histogram_bin(low), bin);
		assert_int_equal(histogram_bin(above - 1), bin);
		total += inside;
	}
	assert_int_equal(total, ARRAY_SIZE(samples));
	assert_true(histogram_low(HISTOGRAM_BINS) == 1ull << 32);
}

/* The ends of bins of real samples: an octave has 128, and negative ones are their mirror. */
static void real_bins(void **state)
{
	static const double cases[][2] = {
		{1, 1 + 1 / 128.0},
		{1.5, 1.5 + 1 / 128.0},
		{0.5, 0.5 + 1 / 256.0},
		{4160, 4192},
		{0, 0},
		{-1 - 1 / 128.0, -1},
		{-2, -2 + 1 / 128.0},
		{-1, -1 + 1 / 256.0},
		{-49.25, -49},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_true(histogram_real_above(cases[i][0]) == cases[i][1]);
	assert_true(histogram_real_above(1e-90) > 1e-90 && histogram_real_above(1e-90) < 1.01e-90);
	for (double sample = -1000; sample < 1000; sample += 0.37) {
		double low = histogram_real_low(sample);

		assert_true(low <= sample && sample <= histogram_real_above(low));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks),
		cmocka_unit_test(equal_samples),
		cmocka_unit_test(saturated_samples),
		cmocka_unit_test(mean_and_deviation),
		cmocka_unit_test(median_interval),
		cmocka_unit_test(sorts_like_qsort),
		cmocka_unit_test(histogram),
		cmocka_unit_test(real_bins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
