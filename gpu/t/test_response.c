// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The time that a limit takes to be that of the throughput, from completions made by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../metrics/response.h"

#define LENGTH 1000.0 /* ms of a stretch */

/* Completions from a moment to another, ms, so many a second. */
static void complete(struct outcome *times, double from, double to, double rate)
{
	for (double at = from; at < to; at += 1e3 / rate)
		outcome_add(times, at);
}

static void stretch(struct stretch *stretches, int count)
{
	for (int i = 0; i < count; i++)
		stretches[i] = (struct stretch){
			.from = i * LENGTH, .to = (i + 1) * LENGTH, .limit = i % 2 ? 25 : 50};
}

/* Half of the rate for delay ms from the change on, then a quarter; back up after another one. */
static struct outcome steps(double delay)
{
	struct outcome times = {0};

	complete(&times, 0, LENGTH + delay, 10000);
	complete(&times, LENGTH + delay, 2 * LENGTH + delay, 5000);
	complete(&times, 2 * LENGTH + delay, 3 * LENGTH, 10000);
	return times;
}

static void a_step_is_found_to_a_slice(void **state)
{
	static const double delays[] = {0, 3, 5, 11, 40, 203, 330};

	(void)state;
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		struct outcome times = steps(delays[i]), outcome = {0};
		struct stretch stretches[3];
		double slice;

		stretch(stretches, 3);
		response_judge(&times, stretches, 3, &outcome);
		slice = outcome_number(&outcome, "slice_ms");
		assert_int_equal(outcome.status, STATUS_OK);
		assert_int_equal(outcome.count, 2);
		for (int j = 0; j < 2; j++) {
			assert_true(outcome.samples[j] >= delays[i]);
			assert_true(outcome.samples[j] <= delays[i] + 2 * slice);
		}
		outcome_free(&times);
		outcome_free(&outcome);
	}
}

/* The host stands still for two slices long after the change. */
static void a_hiccup_is_no_change(void **state)
{
	struct outcome times = {0}, outcome = {0};
	struct stretch stretches[2];

	(void)state;
	complete(&times, 0, LENGTH, 10000);
	complete(&times, LENGTH, 1700, 5000);
	complete(&times, 1708, 2 * LENGTH, 5000);
	stretch(stretches, 2);
	response_judge(&times, stretches, 2, &outcome);
	assert_int_equal(outcome.count, 1);
	assert_true(outcome.samples[0] <= 10);
	outcome_free(&times);
	outcome_free(&outcome);
}

/* A fifth too much for 200 ms. */
static void nearly_there_is_not_there(void **state)
{
	struct outcome times = {0}, outcome = {0};
	struct stretch stretches[2];

	(void)state;
	complete(&times, 0, LENGTH, 10000);
	complete(&times, LENGTH, LENGTH + 200, 6000);
	complete(&times, LENGTH + 200, 2 * LENGTH, 5000);
	stretch(stretches, 2);
	response_judge(&times, stretches, 2, &outcome);
	assert_int_equal(outcome.count, 1);
	assert_true(outcome.samples[0] >= 195);
	outcome_free(&times);
	outcome_free(&outcome);
}

static void what_does_not_follow_is_invalid(void **state)
{
	static const double after[] = {10000, 9000, 20000};

	(void)state;
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		struct outcome times = {0}, outcome = {0};
		struct stretch stretches[2];

		complete(&times, 0, LENGTH, 10000);
		complete(&times, LENGTH, 2 * LENGTH, after[i]);
		stretch(stretches, 2);
		response_judge(&times, stretches, 2, &outcome);
		assert_int_equal(outcome.status, STATUS_INVALID);
		assert_int_equal(outcome.count, 0);
		outcome_free(&times);
		outcome_free(&outcome);
	}
}

static void too_few_completions_are_invalid(void **state)
{
	static const double rates[] = {0.1, 2, 100};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct outcome times = {0}, outcome = {0};
		struct stretch stretches[2];

		complete(&times, 0, LENGTH, 2 * rates[i]);
		complete(&times, LENGTH, 2 * LENGTH, rates[i]);
		stretch(stretches, 2);
		response_judge(&times, stretches, 2, &outcome);
		assert_int_equal(outcome.status, STATUS_INVALID);
		assert_int_equal(outcome.count, 0);
		outcome_free(&times);
		outcome_free(&outcome);
	}
}

static void a_rate_takes_three_completions(void **state)
{
	struct outcome times = {0};

	(void)state;
	complete(&times, 0, 30, 100);
	assert_true(isnan(response_rate(&times, 0, 10)));
	assert_true(fabs(response_rate(&times, 0, 20) - 100) < 1e-6);
	assert_true(isnan(response_rate(&times, 40, 50)));
	outcome_free(&times);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_is_found_to_a_slice),
		cmocka_unit_test(a_hiccup_is_no_change),
		cmocka_unit_test(nearly_there_is_not_there),
		cmocka_unit_test(what_does_not_follow_is_invalid),
		cmocka_unit_test(too_few_completions_are_invalid),
		cmocka_unit_test(a_rate_takes_three_completions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
