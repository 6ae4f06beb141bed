// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* When there are enough samples, and which of them are dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../nvml.h"
#include "../tenant.h"

/* The clock as the tests have it, MHz; 0: there is no NVML. */
static unsigned int clock_now, clock_most;

unsigned int nvml_sm_clock(void)
{
	return clock_now;
}

unsigned int nvml_sm_clock_max(void)
{
	return clock_most;
}

static struct tenant tenant;

static int begin(void **state)
{
	(void)state;
	memset(&tenant, 0, sizeof(tenant));
	tenant.order = (struct order){.minimum = 30, .cap = 60, .interval = 0.005, .repeat = 1};
	clock_now = clock_most = 1000;
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(tenant.series.values);
	return 0;
}

/* Values of a wide distribution, always the same ones. */
static double noise(void)
{
	static unsigned int seed;

	seed = seed * 1103515245 + 12345;
	return 1 + (seed >> 16) % 1000;
}

static size_t samples_until_enough(double (*value)(void))
{
	while (sampling_more(&tenant))
		sampling_add(&tenant, value());
	return tenant.series.count;
}

static double one(void)
{
	return 1;
}

static void alike_samples_end_at_the_minimum(void **state)
{
	(void)state;
	assert_int_equal(samples_until_enough(one), 30);
}

static void noise_takes_more_of_them(void **state)
{
	size_t count;

	(void)state;
	count = samples_until_enough(noise);
	assert_true(count > 1000);
	assert_true(sampling_spread(tenant.series.values, count) <= 0.005);
	assert_true(sampling_spread(tenant.series.values, count / 2) > 0.005);
}

static void alike_samples_go_on_for_the_least_time(void **state)
{
	(void)state;
	tenant.order.least = 0.02;
	assert_true(samples_until_enough(one) > 30);
	assert_true(now_ns() - tenant.series.started >= SECOND / 50);
}

static void the_maximum_ends_it(void **state)
{
	(void)state;
	tenant.order.maximum = 7;
	assert_int_equal(samples_until_enough(one), 7);
}

/* The cap also ends what has too few. */
static void the_cap_ends_it(void **state)
{
	(void)state;
	tenant.order.cap = 0.05;
	tenant.order.minimum = 1000000;
	tenant.order.interval = 0;
	assert_true(samples_until_enough(noise) > 0);
	assert_true(now_ns() - tenant.series.started >= SECOND / 20);
}

static void a_window_has_no_minimum(void **state)
{
	(void)state;
	tenant.window = (struct window){1, 2}; /* long ago */
	assert_int_equal(samples_until_enough(one), 0);
	begin(state);
	tenant.window = (struct window){1, now_ns() + SECOND / 50};
	assert_true(samples_until_enough(one) > 30); /* nor does convergence end it */
	assert_true(now_ns() >= tenant.window.end);
}

static void throttled_samples_are_dropped(void **state)
{
	(void)state;
	sampling_watch_clock(&tenant);
	tenant.order.minimum = tenant.order.maximum = 40;
	assert_int_equal(samples_until_enough(one), 40);
	assert_int_equal(tenant.series.throttled, 0);
	/* Twenty more at a low clock: they go, the forty stay. */
	clock_now = 749;
	tenant.order.minimum = tenant.order.maximum = 60;
	for (int i = 0; i < 20; i++)
		sampling_add(&tenant, 2);
	assert_true(sampling_more(&tenant));
	assert_int_equal(tenant.series.count, 40);
	assert_int_equal(tenant.series.throttled, 20);
	/* At 75 % and above they count. */
	clock_now = 750;
	for (int i = 0; i < 20; i++)
		sampling_add(&tenant, 3);
	assert_false(sampling_more(&tenant));
	assert_int_equal(tenant.series.count, 60);
	assert_int_equal(tenant.series.throttled, 20);
	for (int i = 0; i < 60; i++)
		assert_true(tenant.series.values[i] == (i < 40 ? 1 : 3));
}

static void only_where_the_clock_matters(void **state)
{
	(void)state;
	clock_now = 1;
	assert_int_equal(samples_until_enough(one), 30);
	end(state);
	begin(state);
	clock_most = 0; /* unknown */
	clock_now = 1;
	sampling_watch_clock(&tenant);
	assert_int_equal(samples_until_enough(one), 30);
}

static void spread(void **state)
{
	double values[100];

	(void)state;
	for (int i = 0; i < 100; i++)
		values[i] = i + 1;
	assert_true(isinf(sampling_spread(values, 5)));
	assert_false(isinf(sampling_spread(values, 6)));
	/* Ranks 40 to 61 of a hundred hold the median with 95 %; one more on each side at most. */
	assert_true(sampling_spread(values, 100) >= 10 / 50.5);
	assert_true(sampling_spread(values, 100) <= 11.5 / 50);
	for (int i = 0; i < 100; i++)
		values[i] = 0;
	assert_true(isinf(sampling_spread(values, 100))); /* relative to nothing */
	for (int i = 0; i < 100; i++)
		values[i] = i % 2 ? -5 : -5.001;
	assert_true(sampling_spread(values, 100) > 0);
	assert_true(sampling_spread(values, 100) < 0.001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(alike_samples_end_at_the_minimum, begin, end),
		cmocka_unit_test_setup_teardown(noise_takes_more_of_them, begin, end),
		cmocka_unit_test_setup_teardown(alike_samples_go_on_for_the_least_time, begin, end),
		cmocka_unit_test_setup_teardown(the_maximum_ends_it, begin, end),
		cmocka_unit_test_setup_teardown(the_cap_ends_it, begin, end),
		cmocka_unit_test_setup_teardown(a_window_has_no_minimum, begin, end),
		cmocka_unit_test_setup_teardown(throttled_samples_are_dropped, begin, end),
		cmocka_unit_test_setup_teardown(only_where_the_clock_matters, begin, end),
		cmocka_unit_test(spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
