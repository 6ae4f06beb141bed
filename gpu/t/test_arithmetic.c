// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What metrics make of their numbers, and the order in which a pointer chase goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../arithmetic.h"
#include "../kernels/pattern.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define JAIN(...)    jain_index((const double[]){__VA_ARGS__}, COUNT(((double[]){__VA_ARGS__})))
#define FIRST(share, ...)                                                                          \
	first_reaching((const double[]){__VA_ARGS__}, COUNT(((double[]){__VA_ARGS__})), share)

static void near(double value, double expected)
{
	assert_true(fabs(value - expected) < 1e-9);
}

static void order(void **state)
{
	double values[] = {3, -1, 1e300, 3, 0, -INFINITY};

	(void)state;
	sort_ascending(values, 0);
	near(values[0], 3);
	sort_ascending(values, COUNT(values));
	assert_true(isinf(values[0]));
	for (size_t i = 1; i < COUNT(values); i++)
		assert_true(values[i] >= values[i - 1]);
	near(values[4], 3);
}

static void fairness(void **state)
{
	(void)state;
	near(JAIN(7), 1);
	near(JAIN(3, 3, 3, 3), 1);
	near(JAIN(4200, 0, 0, 0), 0.25);
	near(JAIN(0, 5), 0.5);
	near(JAIN(1, 2, 3), 36.0 / 42);
	near(JAIN(1e6, 2e6, 3e6), 36.0 / 42);
	assert_true(isnan(JAIN(0, 0)));
}

static void hits(void **state)
{
	(void)state;
	near(hit_ratio(200, 200, 600), 100);
	near(hit_ratio(600, 200, 600), 0);
	near(hit_ratio(300, 200, 600), 75);
	/* Noise stays: nobody may take it for the end of the scale. */
	near(hit_ratio(196, 200, 600), 101);
	near(hit_ratio(620, 200, 600), -5);
}

static void saturation(void **state)
{
	(void)state;
	assert_int_equal(FIRST(0.95, 10, 20, 40, 80, 81, 79), 3);
	assert_int_equal(FIRST(0.95, 10, 20, 40, 75, 80, 79), 4);
	assert_int_equal(FIRST(0.95, 95, 100), 0);
	assert_int_equal(FIRST(0.95, 94.9, 100), 1);
	assert_int_equal(FIRST(0.95, 5), 0);
	/* What is more than enough may be worse. */
	assert_int_equal(FIRST(0.95, 10, 100, 50), 1);
}

static void sums(void **state)
{
	(void)state;
	near(sum_of((const double[]){1, 2, 3.5}, 3), 6.5);
}

static struct chase_set set_of(uint32_t lines, uint16_t seed)
{
	struct chase_set set = {.lines = lines, .bits = 2, .seed = seed};

	while (1u << set.bits < lines)
		set.bits++;
	return set;
}

/* From any line, all others come before it comes again: no short cycle that stays in a cache. */
static void one_cycle(uint32_t lines, uint16_t seed)
{
	struct chase_set set = set_of(lines, seed);
	uint32_t position = chase_next(set, UINT32_MAX), first = chase_line(set, position);
	unsigned char *seen = test_calloc(lines, 1);

	for (uint32_t i = 0; i < lines; i++) {
		uint32_t line = chase_line(set, position);

		assert_true(line < lines);
		assert_false(seen[line]);
		seen[line] = 1;
		position = chase_next(set, position);
	}
	assert_int_equal(chase_line(set, position), first);
	test_free(seen);
}

static void chases(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 31, 64, 1000, 4096, 4097, 65535, 245760};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (uint16_t seed = 0; seed < 4; seed++)
			one_cycle(sizes[i], seed);
	one_cycle(122880, UINT16_MAX);
}

/* Neighbours in the order are none in memory, or a prefetcher could follow. */
static void chases_jump(void **state)
{
	struct chase_set set = set_of(122880, 1);
	uint32_t position = chase_next(set, UINT32_MAX), near_ones = 0, rises = 0;

	(void)state;
	for (uint32_t i = 0; i < set.lines; i++) {
		uint32_t next = chase_next(set, position);
		int64_t distance =
			(int64_t)chase_line(set, next) - (int64_t)chase_line(set, position);

		near_ones += llabs(distance) < 64;
		rises += distance > 0;
		position = next;
	}
	/* At random, 127 of 122880 would be near, and half would rise. */
	assert_true(near_ones < 1000);
	assert_true(rises > set.lines / 10 * 4 && rises < set.lines / 10 * 6);
}

static void patterns(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		assert_true(pattern_word(1, i) != pattern_word(1, i + 1));
		assert_true(pattern_word(1, i) != pattern_word(2, i));
		/* Neither what a wiped buffer holds in every word, nor the same again in the next
		   page. */
		assert_true(pattern_word(1, i) != pattern_word(1, i + 1024));
	}
}

static void variation_is_relative(void **state)
{
	const double same[] = {3, 3, 3}, some[] = {1, 2, 3}, more[] = {10, 20, 30},
		     nothing[] = {0, 0};

	(void)state;
	assert_true(variation_of(same, 3) == 0);
	assert_true(variation_of(some, 3) == 0.5);
	assert_true(variation_of(more, 3) == 0.5);
	assert_true(isnan(variation_of(nothing, 2)));
}

/* What spans slices counts in each by its share; what is outside of all of them does not. */
static void slices_share(void **state)
{
	double shares[] = {0, 0, 1};

	(void)state;
	share_out(105, 125, 100, 10, 3, shares);
	assert_true(shares[0] == 0.25 && shares[1] == 0.5 && shares[2] == 1.25);
	share_out(125, 165, 100, 10, 3, shares);
	assert_true(shares[0] == 0.25 && shares[1] == 0.5 && shares[2] == 1.375);
	share_out(90, 100, 100, 10, 3, shares);
	share_out(130, 131, 100, 10, 3, shares);
	assert_true(shares[0] == 0.25 && shares[2] == 1.375);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(fairness),
		cmocka_unit_test(hits),
		cmocka_unit_test(saturation),
		cmocka_unit_test(sums),
		cmocka_unit_test(chases),
		cmocka_unit_test(chases_jump),
		cmocka_unit_test(patterns),
		cmocka_unit_test(variation_is_relative),
		cmocka_unit_test(slices_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
