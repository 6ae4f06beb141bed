// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Comparisons whose answer is known, since the samples are made here, from a fixed seed: how often
 * two runs of the same thing are called different, whether 2 % is found, how often the interval
 * holds the true ratio.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../estimate.h"
#include "../stats.h"
#include "../util.h"

#define TRIALS 1000
#define MOST   100000 /* samples of a run */
#define STEP   26     /* of a coarse clock, ticks */
#define MEDIAN 1200.0

static uint32_t samples[MOST], scratch[MOST];
static uint64_t state = 0x9e3779b97f4a7c15ull;

/* In (0, 1). */
static double uniform(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((state >> 12) + 0.5) / (1ull << 52);
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* Samples of what exits look like, in ticks, about a median. */
static double bell(double median)
{
	return median * (1 + normal() / 30);
}

static double lognormal(double median)
{
	return median * exp(0.3 * normal());
}

/* Two paths, one taken more often: the median lies off the middle of its hump. */
static double bimodal(double median)
{
	return uniform() < 0.4 ? median * (0.8 + normal() / 100) : bell(median);
}

/* Two paths taken equally often: the median is somewhere between them, and may be anywhere. */
static double split(double median)
{
	return median * (1 + (uniform() < 0.5 ? -1 : 1) * fabs(0.1 + normal() / 60));
}

static double quantised(double median)
{
	return STEP * rint(bell(median) / STEP);
}

/* One in twenty is disturbed: Pareto, with no mean. */
static double heavy_tail(double median)
{
	return uniform() < 0.05 ? median / uniform() : bell(median);
}

/* Most samples are one value, as where nothing but the path's length varies. */
static double tied(double median)
{
	return uniform() < 0.9 ? median : bell(median);
}

static const struct shape {
	const char *name;
	double (*sample)(double median);
} shapes[] = {
	{"bell", bell},	  {"lognormal", lognormal}, {"bimodal", bimodal},
	{"split", split}, {"quantised", quantised}, {"heavy tail", heavy_tail},
	{"tied", tied},
};

/* A run of n samples. */
static struct estimate run_of(const struct shape *shape, size_t n, double median)
{
	struct stats stats;

	for (size_t i = 0; i < n; i++)
		samples[i] = rint(shape->sample(median));
	stats_sort(samples, scratch, n);
	stats_of_sorted(samples, n, &stats);
	return (struct estimate){stats.at[STATS_P50], stats.median_low, stats.median_high};
}

/* Two runs of n samples. */
static struct estimate trial(const struct shape *shape, size_t n, double ratio)
{
	struct estimate base = run_of(shape, n, MEDIAN), with = run_of(shape, n, MEDIAN * ratio);

	return estimate_ratio(&base, &with);
}

/* With no margin only the interval stands between chance and an alarm. */
static void the_same_is_not_called_different(void **unused)
{
	static const struct {
		size_t n;
		double margin;
		int most; /* alarms; without margin the 50 to be expected, and chance */
	} cases[] = {{1000, 0.01, TRIALS * 5 / 100}, {1000, 0, 65}, {20, 0, TRIALS * 5 / 100}};

	(void)unused;
	for (size_t s = 0; s < ARRAY_SIZE(shapes); s++)
		for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
			int changes[CHANGES] = {0};

			for (int i = 0; i < TRIALS; i++) {
				struct estimate ratio = trial(&shapes[s], cases[c].n, 1);

				changes[judge_ratio(&ratio, cases[c].margin, false)]++;
			}
			print_message("# %s, n %zu, margin %g: of %d %d same, %d unsure\n",
				      shapes[s].name, cases[c].n, cases[c].margin, TRIALS,
				      changes[CHANGE_SAME], changes[CHANGE_UNSURE]);
			assert_in_range(changes[CHANGE_SLOWER] + changes[CHANGE_FASTER], 0,
					cases[c].most);
		}
}

/* Where the median lies between two humps no count of samples can tell; it may be unsure, not
 * wrong. */
static void two_percent_are_found(void **unused)
{
	(void)unused;
	for (size_t s = 0; s < ARRAY_SIZE(shapes); s++)
		for (int i = 0; i < 20; i++) {
			struct estimate slower = trial(&shapes[s], MOST, 1.02);
			struct estimate faster = {1 / slower.value, 1 / slower.high,
						  1 / slower.low};

			if (shapes[s].sample == split) {
				assert_int_not_equal(judge_ratio(&slower, 0.01, false),
						     CHANGE_FASTER);
				continue;
			}
			assert_int_equal(judge_ratio(&slower, 0.01, false), CHANGE_SLOWER);
			assert_int_equal(judge_ratio(&slower, 0.01, true), CHANGE_FASTER);
			assert_int_equal(judge_ratio(&faster, 0.01, false), CHANGE_FASTER);
			assert_int_equal(judge_ratio(&faster, 0.01, true), CHANGE_SLOWER);
		}
}

/* And the same is found to be the same, where there are samples enough to say so. */
static void no_change_is_found(void **unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++) {
		struct estimate ratio = trial(&shapes[0], MOST, 1);

		assert_int_equal(judge_ratio(&ratio, 0.01, false), CHANGE_SAME);
	}
}

/* At least about 95 %; more where samples are few or tied. */
static void the_interval_holds_the_ratio(void **unused)
{
	static const size_t counts[] = {20, 1000};

	(void)unused;
	for (size_t s = 0; s < ARRAY_SIZE(shapes); s++)
		for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
			double truth = 1.1;
			int held = 0;

			if (shapes[s].sample == quantised)
				truth = rint(1.1 * MEDIAN / STEP) / rint(MEDIAN / STEP);
			for (int i = 0; i < TRIALS; i++) {
				struct estimate ratio = trial(&shapes[s], counts[c], 1.1);

				held += ratio.low <= truth && truth <= ratio.high;
			}
			print_message("# %s, n %zu: %d of %d\n", shapes[s].name, counts[c], held,
				      TRIALS);
			assert_in_range(held, 935, TRIALS);
		}
}

/* Medians that scatter from run to run by more than the samples of one run can tell. */
static struct estimate side_of(size_t count, double median)
{
	struct estimate runs[4];

	for (size_t i = 0; i < count; i++)
		runs[i] = run_of(&shapes[0], 500, median * exp(0.02 * normal()));
	return estimate_of_runs(runs, count);
}

static void runs_that_differ_need_several_a_side(void **unused)
{
	static const size_t counts[] = {1, 2, 3, 4};
	int alarms[ARRAY_SIZE(counts)] = {0}, held[ARRAY_SIZE(counts)] = {0};

	(void)unused;
	for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
		for (int i = 0; i < TRIALS; i++) {
			struct estimate base = side_of(counts[c], MEDIAN);
			struct estimate with = side_of(counts[c], MEDIAN);
			struct estimate ratio = estimate_ratio(&base, &with);

			held[c] += ratio.low <= 1 && 1 <= ratio.high;
			alarms[c] += judge_ratio(&ratio, 0.01, false) != CHANGE_UNSURE &&
				     judge_ratio(&ratio, 0.01, false) != CHANGE_SAME;
		}
		print_message("# %zu runs a side: %d alarms, %d held of %d\n", counts[c], alarms[c],
			      held[c], TRIALS);
	}
	assert_in_range(alarms[0], TRIALS / 4, TRIALS); /* as the man page warns */
	for (size_t c = 1; c < ARRAY_SIZE(counts); c++) {
		assert_in_range(alarms[c], 0, TRIALS * 5 / 100);
		assert_in_range(held[c], TRIALS * 94 / 100, TRIALS);
	}
}

/* Three runs with medians e^0, e^1, e^2: Student with two degrees of freedom, worked out by hand.
 */
static void students_interval(void **unused)
{
	const struct estimate runs[] = {
		{1, 1, 1}, {M_E, M_E, M_E}, {M_E * M_E, M_E * M_E, M_E * M_E}};
	const struct estimate unknown[] = {{1, 0, INFINITY}, {M_E, 0, INFINITY}};
	struct estimate three = estimate_of_runs(runs, 3), two = estimate_of_runs(unknown, 2);

	(void)unused;
	assert_true(fabs(log(three.value) - 1) < 1e-9);
	assert_true(fabs(log(three.high) - 1 - 4.302653 / sqrt(3)) < 1e-6);
	assert_true(fabs(log(three.low) - 1 + 4.302653 / sqrt(3)) < 1e-6);
	/* Runs without intervals of their own. */
	assert_true(fabs(log(two.high) - 0.5 - 12.706205 * sqrt(0.5) / sqrt(2)) < 1e-6);
}

/* Medians that a coarse clock makes equal are not known better than in one run. */
static void equal_medians_keep_their_intervals(void **unused)
{
	const struct estimate runs[] = {{100, 90, 126}, {100, 100, 126}, {100, 95, 100}};
	struct estimate side = estimate_of_runs(runs, 3);

	(void)unused;
	assert_true(side.value == 100);
	assert_true(fabs(side.low - 100 * cbrt(0.9 * 0.95)) < 1e-9);
	assert_true(fabs(side.high - 100 * cbrt(1.26 * 1.26)) < 1e-9);
}

/* The quantile where the table ends and the expansion begins: 11 and 30 degrees of freedom. */
static void students_quantiles(void **unused)
{
	static const struct {
		size_t runs;
		double quantile;
	} cases[] = {{11, 2.228139}, {12, 2.200985}, {31, 2.042272}, {121, 1.979930}};

	(void)unused;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		struct estimate runs[121], side;
		double mean = 1.0 / cases[c].runs, squares;

		/* One of them is e times the others. */
		for (size_t i = 0; i < cases[c].runs; i++)
			runs[i] = (struct estimate){1, 1, 1};
		runs[1] = (struct estimate){M_E, M_E, M_E};
		side = estimate_of_runs(runs, cases[c].runs);
		squares = mean * (1 - mean);
		squares = sqrt(squares / (cases[c].runs - 1));
		assert_true(fabs((log(side.high) - mean) / squares - cases[c].quantile) < 0.003);
	}
}

static void exact_medians(void **unused)
{
	static const struct {
		double base, with, margin;
		enum change change;
	} cases[] = {
		{3332, 3332, 0, CHANGE_SAME},	   {3332, 3333, 0, CHANGE_SLOWER},
		{3332, 3331, 0, CHANGE_FASTER},	   {4294967294, 4294967295, 0, CHANGE_SLOWER},
		{3332, 3333, 0.01, CHANGE_SAME},   {3332, 3400, 0.01, CHANGE_SLOWER},
		{3400, 3332, 0.01, CHANGE_FASTER},
	};

	(void)unused;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		struct estimate base = {cases[c].base, cases[c].base, cases[c].base};
		struct estimate with = {cases[c].with, cases[c].with, cases[c].with};
		struct estimate three[] = {base, base, base};
		struct estimate side = estimate_of_runs(three, 3);
		struct estimate ratio = estimate_ratio(&side, &with);

		assert_true(side.value == base.value && side.low == side.high);
		assert_true(ratio.low == ratio.value && ratio.high == ratio.value);
		assert_int_equal(judge_ratio(&ratio, cases[c].margin, false), cases[c].change);
	}
}

static void without_an_interval_nothing_is_sure(void **unused)
{
	const struct estimate known = {100, 99, 101}, unknown = {300, 0, INFINITY};
	struct estimate up = estimate_ratio(&known, &unknown);
	struct estimate down = estimate_ratio(&unknown, &known);

	(void)unused;
	assert_true(up.low == 0 && isinf(up.high) && up.value == 3);
	assert_int_equal(judge_ratio(&up, 0.01, false), CHANGE_UNSURE);
	assert_int_equal(judge_ratio(&down, 0.01, false), CHANGE_UNSURE);
}

/* Intervals of differences, worked out by hand: 3, 4, 5 and 5, 12, 13 are right triangles. */
static void differences_by_hand(void **unused)
{
	static const struct {
		struct estimate base, with, difference;
	} cases[] = {
		/* below: 4 below with, 3 above base; above: 12 above with, 5 below base */
		{{10, 5, 13}, {100, 96, 112}, {90, 85, 103}},
		{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}},
		{{-3, -6, 0}, {2, -2, 6}, {5, 0, 10}},
		{{0, 0, 0}, {-4, -5, -2}, {-4, -5, -2}},
	};
	const struct estimate unknown = {7, -INFINITY, INFINITY};
	struct estimate found = estimate_difference(&cases[0].base, &unknown);

	(void)unused;
	assert_true(found.value == -3 && isinf(found.low) && isinf(found.high));
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		found = estimate_difference(&cases[c].base, &cases[c].with);
		assert_true(fabs(found.value - cases[c].difference.value) < 1e-9);
		assert_true(fabs(found.low - cases[c].difference.low) < 1e-9);
		assert_true(fabs(found.high - cases[c].difference.high) < 1e-9);
	}
}

static void what_a_difference_says(void **unused)
{
	static const struct {
		struct estimate difference;
		double margin;
		enum change change;
	} cases[] = {
		{{0, 0, 0}, 0, CHANGE_SAME},	  {{4096, 4096, 4096}, 0, CHANGE_SLOWER},
		{{-1, -1, -1}, 0, CHANGE_FASTER}, {{0, -1, 1}, 0, CHANGE_UNSURE},
		{{1, -2, 2}, 2, CHANGE_SAME},	  {{3, 2.001, 4}, 2, CHANGE_SLOWER},
		{{3, 2, 4}, 2, CHANGE_UNSURE},	  {{-9, -12, -2.5}, 2, CHANGE_FASTER},
		{{-3, -4, -2}, 2, CHANGE_UNSURE}, {{5, -INFINITY, INFINITY}, 2, CHANGE_UNSURE},
	};

	(void)unused;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		enum change change = cases[c].change;

		assert_int_equal(judge_difference(&cases[c].difference, cases[c].margin, false),
				 change);
		change = change == CHANGE_SLOWER   ? CHANGE_FASTER
			 : change == CHANGE_FASTER ? CHANGE_SLOWER
						   : change;
		assert_int_equal(judge_difference(&cases[c].difference, cases[c].margin, true),
				 change);
	}
}

/* Runs with medians -1, 0, 1: Student with two degrees of freedom, by hand. */
static void runs_about_zero(void **unused)
{
	const struct estimate runs[] = {{-1, -1, -1}, {0, 0, 0}, {1, 1, 1}};
	const struct estimate alike[] = {{0, -3, 6}, {0, 0, 6}, {0, -3, 0}};
	struct estimate three = estimate_of_runs_difference(runs, 3);
	struct estimate wide = estimate_of_runs_difference(alike, 3);

	(void)unused;
	assert_true(fabs(three.value) < 1e-9);
	assert_true(fabs(three.high - 4.302653 / sqrt(3)) < 1e-6);
	assert_true(fabs(three.low + 4.302653 / sqrt(3)) < 1e-6);
	assert_true(wide.value == 0 && wide.low == -2 && wide.high == 4);
}

/* Two runs about the same small number, which may be zero: no alarm; and a change is found. */
static void noise_about_zero(void **unused)
{
	static const struct {
		double shift;
		enum change change;
	} cases[] = {{0, CHANGE_SAME}, {40, CHANGE_SLOWER}, {-40, CHANGE_FASTER}};

	(void)unused;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++)
		for (int i = 0; i < 100; i++) {
			struct estimate sides[2];

			for (int side = 0; side < 2; side++) {
				/* The samples are of whole numbers from 0 on. */
				sides[side] = run_of(&shapes[0], 1000, MEDIAN);
				sides[side].value -= MEDIAN - side * cases[c].shift;
				sides[side].low -= MEDIAN - side * cases[c].shift;
				sides[side].high -= MEDIAN - side * cases[c].shift;
			}
			sides[0] = estimate_difference(&sides[0], &sides[1]);
			assert_int_equal(judge_difference(&sides[0], 15, false), cases[c].change);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_not_called_different),
		cmocka_unit_test(two_percent_are_found),
		cmocka_unit_test(no_change_is_found),
		cmocka_unit_test(the_interval_holds_the_ratio),
		cmocka_unit_test(runs_that_differ_need_several_a_side),
		cmocka_unit_test(students_interval),
		cmocka_unit_test(equal_medians_keep_their_intervals),
		cmocka_unit_test(students_quantiles),
		cmocka_unit_test(exact_medians),
		cmocka_unit_test(without_an_interval_nothing_is_sure),
		cmocka_unit_test(differences_by_hand),
		cmocka_unit_test(what_a_difference_says),
		cmocka_unit_test(runs_about_zero),
		cmocka_unit_test(noise_about_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
