// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The stressor's times: when events are due, and what is made of how long they took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../stressor/latency.h"
#include "../stressor/pace.h"

#define SECOND	    1000000000ull
#define MILLISECOND 1000000ull

static void an_event_is_due_at_its_share_of_time(void **state)
{
	struct pace pace = {.start = 500, .rate = 3, .workers = 1};

	(void)state;
	for (uint64_t event = 0; event < 3000000; event++) {
		assert_int_equal(pace_due(&pace), 500 + event * SECOND / 3);
		pace_began(&pace, pace_due(&pace));
	}
}

static void workers_take_turns(void **state)
{
	struct pace one = {.rate = 1000, .worker = 0, .workers = 2};
	struct pace two = {.rate = 1000, .worker = 1, .workers = 2};

	(void)state;
	for (uint64_t event = 0; event < 100; event += 2) {
		assert_int_equal(pace_due(&one), event * MILLISECOND);
		assert_int_equal(pace_due(&two), (event + 1) * MILLISECOND);
		pace_began(&one, pace_due(&one));
		pace_began(&two, pace_due(&two));
	}
}

/* An hour at the highest rate: nothing overflows, nothing adds up. */
static void nothing_drifts(void **state)
{
	struct pace pace = {.rate = 999999937, .workers = 1, .done = 999999937ull * 3600};

	(void)state;
	assert_int_equal(pace_due(&pace), 3600 * SECOND);
}

/* Events that begin in an interval after a stall of a second, each as early as it may. */
static uint64_t begun(struct pace *pace, uint64_t from, uint64_t to)
{
	uint64_t count = 0, now = from;

	while (pace_due(pace) < to) {
		if (now < pace_due(pace))
			now = pace_due(pace);
		pace_began(pace, now);
		count++;
	}
	return count;
}

static void a_stall_is_caught_up_with(void **state)
{
	struct pace pace = {.rate = 10000, .workers = 1};

	(void)state;
	begun(&pace, 0, SECOND);
	assert_int_equal(pace.done, 10000);
	/* Nothing runs for a second; then 10 ms of the rate at once, the rest at twice the rate. */
	assert_in_range(begun(&pace, 2 * SECOND, 2 * SECOND + 1), 100, 102);
	assert_in_range(begun(&pace, 2 * SECOND + 1, 2 * SECOND + 100 * MILLISECOND), 1990, 2010);
	begun(&pace, 2 * SECOND + 100 * MILLISECOND, 4 * SECOND);
	assert_int_equal(pace.done, 40000);
	/* And it is on time again. */
	assert_int_equal(pace_due(&pace), 4 * SECOND);
}

static void without_a_rate_all_is_due(void **state)
{
	struct pace pace = {.start = 7, .workers = 3};

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(pace_due(&pace), 7);
		pace_began(&pace, SECOND);
	}
}

static void events_of_a_time_are_those_due_in_it(void **state)
{
	(void)state;
	assert_int_equal(pace_events(1000, SECOND), 1000);
	assert_int_equal(pace_events(1000, SECOND + 1), 1001);
	assert_int_equal(pace_events(3, SECOND / 3), 1);
	assert_int_equal(pace_events(3, SECOND / 3 + 1), 2);
	assert_int_equal(pace_events(0, SECOND), 0);
}

static struct latency latency, other;

static void quantiles_are_of_nearest_rank(void **state)
{
	(void)state;
	memset(&latency, 0, sizeof(latency));
	assert_true(latency_quantile(&latency, 0.5) == 0);
	for (uint64_t ns = 1; ns <= 100; ns++)
		latency_add(&latency, ns);
	assert_true(latency_quantile(&latency, 0.5) == 50);
	assert_true(latency_quantile(&latency, 0.99) == 99);
	assert_true(latency_quantile(&latency, 0) == 1);
	assert_true(latency_quantile(&latency, 1) == 100);
	assert_int_equal(latency.sum, 5050);
}

static void any_time_is_told_to_a_256th(void **state)
{
	(void)state;
	for (uint64_t ns = 1; ns < 1ull << LATENCY_LARGEST; ns += ns / 300 + 1) {
		double told;

		memset(&latency, 0, sizeof(latency));
		latency_add(&latency, ns);
		latency_add(&latency, (1ull << LATENCY_LARGEST) - 1);
		told = latency_quantile(&latency, 0.5);
		assert_true(told >= ns * (1 - 1 / 256.0) && told <= ns * (1 + 1 / 256.0));
	}
}

static void what_is_longer_is_counted(void **state)
{
	(void)state;
	memset(&latency, 0, sizeof(latency));
	latency_add(&latency, UINT64_MAX / 2);
	latency_add(&latency, 0);
	assert_int_equal(latency.count, 2);
	assert_int_equal(latency.most, UINT64_MAX / 2);
	assert_true(latency_quantile(&latency, 1) > 0x1p39);
	assert_true(latency_quantile(&latency, 0.5) == 0);
}

static void merged_is_as_if_of_one(void **state)
{
	(void)state;
	memset(&latency, 0, sizeof(latency));
	memset(&other, 0, sizeof(other));
	for (uint64_t ns = 1; ns <= 50; ns++) {
		latency_add(&latency, ns);
		latency_add(&other, ns + 50);
	}
	latency_merge(&latency, &other);
	assert_int_equal(latency.count, 100);
	assert_int_equal(latency.sum, 5050);
	assert_int_equal(latency.most, 100);
	assert_true(latency_quantile(&latency, 0.75) == 75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_due_at_its_share_of_time),
		cmocka_unit_test(workers_take_turns),
		cmocka_unit_test(nothing_drifts),
		cmocka_unit_test(a_stall_is_caught_up_with),
		cmocka_unit_test(without_a_rate_all_is_due),
		cmocka_unit_test(events_of_a_time_are_those_due_in_it),
		cmocka_unit_test(quantiles_are_of_nearest_rank),
		cmocka_unit_test(any_time_is_told_to_a_256th),
		cmocka_unit_test(what_is_longer_is_counted),
		cmocka_unit_test(merged_is_as_if_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
