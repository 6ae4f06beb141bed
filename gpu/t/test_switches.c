// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Timelines of two tenants merged into context switches; and secrets that are known again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../kernels/secret.h"
#include "../metrics/switches.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROOM	     16

static double took[ROOM], slices[ROOM];
static struct switches switches = {.took = took, .slices = slices};

static int merge(const double *a, size_t a_count, const double *b, size_t b_count)
{
	return switches_merge(&(struct runs){a, a_count}, &(struct runs){b, b_count}, &switches);
}

#define MERGE(a, b) merge(a, COUNT(a), b, COUNT(b))

/* The first begin of the later and the end of the earlier are the kernels', not the scheduler's. */
static void turns_are_switches(void **state)
{
	static const double a[] = {0, 100, 210, 300, 405, 500};
	static const double b[] = {103, 200, 304, 400, 600, 700};

	(void)state;
	assert_int_equal(MERGE(a, b), 0);
	assert_int_equal(switches.took_count, 3);
	assert_true(took[0] == 10 && took[1] == 4 && took[2] == 5);
	assert_int_equal(switches.slice_count, 2);
	assert_true(slices[0] == 90 && slices[1] == 96);
	assert_true(switches.together == 0);
	/* Whose timeline is the first does not matter. */
	assert_int_equal(MERGE(b, a), 0);
	assert_int_equal(switches.took_count, 3);
	assert_true(took[0] == 10 && took[2] == 5);
}

/* The same tenant goes on: something else had the device, or nothing. */
static void pauses_are_no_switches(void **state)
{
	static const double a[] = {0, 10, 110, 120, 150, 200, 310, 400};
	static const double b[] = {15, 100, 205, 300, 405, 500};

	(void)state;
	assert_int_equal(MERGE(a, b), 0);
	assert_int_equal(switches.took_count, 3);
	assert_true(took[0] == 10 && took[1] == 5 && took[2] == 10);
	assert_int_equal(switches.slice_count, 2);
	assert_true(slices[0] == 90 && slices[1] == 95);
}

static void at_once_is_together(void **state)
{
	static const double a[] = {0, 1000}, b[] = {10, 990};
	static const double half[] = {0, 500, 750, 1000}, other[] = {0, 250, 500, 1000};

	(void)state;
	assert_int_equal(MERGE(a, b), 0);
	assert_int_equal(switches.took_count, 0);
	assert_true(switches.together == 1);
	assert_int_equal(MERGE(half, other), 0);
	assert_true(switches.together == 0.5);
}

/* For a while both run: the one that has come is no switch, nor does a whole slice begin there. */
static void some_time_together(void **state)
{
	static const double a[] = {0, 100, 200, 300, 350, 500},
			    b[] = {100, 190, 280, 340, 600, 700};

	(void)state;
	assert_int_equal(MERGE(a, b), 0);
	assert_int_equal(switches.took_count, 2);
	assert_true(took[0] == 10 && took[1] == 10);
	assert_int_equal(switches.slice_count, 0);
	assert_true(switches.together == 0.05);
}

static void one_after_the_other_is_nothing(void **state)
{
	static const double a[] = {0, 100}, b[] = {200, 300};

	(void)state;
	assert_int_equal(MERGE(a, b), -1);
	assert_int_equal(switches.took_count, 0);
}

/* Tenants run under others' libraries: what they say is checked. */
static void nonsense_is_refused(void **state)
{
	static const double good[] = {0, 100}, back[] = {0, 50, 40, 100}, odd[] = {0, 50, 60};
	static const double no_number[] = {0, 0.0 / 0.0};

	(void)state;
	assert_int_equal(MERGE(good, back), -1);
	assert_int_equal(MERGE(odd, good), -1);
	assert_int_equal(MERGE(good, no_number), -1);
	assert_int_equal(merge(good, 2, good, 0), -1);
}

static void secrets_are_known_again(void **state)
{
	const uint64_t key = 0xfffffffffffffff0u, count = 100; /* over the end of the numbers */

	(void)state;
	for (uint64_t i = 0; i < count; i++)
		assert_true(secret_is(secret_word(key, i), key, count));
	assert_false(secret_is(secret_word(key, count), key, count));
	assert_false(secret_is(secret_word(key, -1), key, count));
	assert_false(secret_is(secret_word(key + count, 0), key, count));
	/* Memory that was wiped. */
	assert_false(secret_is(0, 1, UINT64_MAX / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_are_switches),
		cmocka_unit_test(pauses_are_no_switches),
		cmocka_unit_test(at_once_is_together),
		cmocka_unit_test(some_time_together),
		cmocka_unit_test(one_after_the_other_is_nothing),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(secrets_are_known_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
