// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Contention metrics: a row whose tenants did not work together is INVALID, alone and together in
 * turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../metrics/team.h"
#include "../metrics/turns.h"

/*
 * Tenants as the tests have them: each GO takes the next overlap of a list, the last one for good.
 * A tenant's sample is 10, and less beside others.
 */
static struct {
	const double *overlaps;
	size_t count, turn;
	double beside; /* a sample in company */
	int gone, finished;
	char order[64]; /* the GOs, a digit each: how many tenants */
} tenants;

bool tenant_prepare(struct suite *suite, enum surroundings where, int index,
		    const struct order *order, struct outcome *outcome)
{
	(void)suite;
	(void)where;
	(void)order;
	if (index != tenants.gone)
		return true;
	outcome_set(outcome, STATUS_FAILED, "tenant %d: it is gone", index);
	return false;
}

bool tenants_go(struct suite *suite, const struct member *members, int count, double seconds,
		struct outcome *outcomes)
{
	size_t last = tenants.count - 1;
	double overlap = tenants.overlaps[tenants.turn < last ? tenants.turn : last];

	(void)suite;
	(void)members;
	(void)seconds;
	snprintf(tenants.order + strlen(tenants.order), 2, "%d", count);
	for (int i = 0; i < count; i++) {
		outcome_add(&outcomes[i], count > 1 ? tenants.beside : 10);
		outcome_fact(&outcomes[i], "verified=100");
		outcomes[i].busy = (struct busy){.start = 1000, .end = 2000};
	}
	if (count > 1) {
		outcomes[1].busy.start += (uint64_t)lround(1000 * (1 - overlap));
		tenants.turn++;
	}
	return true;
}

void tenant_finish(struct suite *suite, enum surroundings where, int index)
{
	(void)suite;
	(void)where;
	(void)index;
	tenants.finished++;
}

int suite_rounds(const struct suite *suite)
{
	(void)suite;
	return 4;
}

double suite_window(const struct suite *suite)
{
	(void)suite;
	return 0.02;
}

static struct suite suite;
static const struct order order;

/* The row of a victim and its neighbour whose windows overlap so. */
#define TURNS(...) turns((double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))
static struct outcome turns(const double *overlaps, size_t count)
{
	struct outcome row = {0};

	tenants.overlaps = overlaps;
	tenants.count = count;
	tenants.turn = tenants.finished = 0;
	tenants.gone = -1;
	tenants.beside = 6;
	*tenants.order = '\0';
	measure_turns(&suite, &order, &order, 0.02, turn_lost, &row);
	return row;
}

static void alone_and_together_in_turns(void **state)
{
	struct outcome row = TURNS(1);

	(void)state;
	assert_int_equal(row.status, STATUS_OK);
	assert_int_equal(row.count, 4);
	for (size_t i = 0; i < row.count; i++)
		assert_true(fabs(row.samples[i] - 40) < 1e-9);
	assert_string_equal(tenants.order, "12211221"); /* who goes first changes */
	assert_true(outcome_number(&row, "alone") == 10);
	assert_true(outcome_number(&row, "together") == 6);
	assert_true(outcome_number(&row, "overlap") == 1);
	assert_true(outcome_number(&row, "repeated") == 0);
	assert_true(outcome_number(&row, "verified") == 1200);
	assert_int_equal(tenants.finished, 2);
	outcome_free(&row);
}

static void nine_tenths_are_together(void **state)
{
	struct outcome row = TURNS(0.9);

	(void)state;
	assert_int_equal(row.status, STATUS_OK);
	assert_true(outcome_number(&row, "overlap") == 0.9);
	outcome_free(&row);
}

static void less_is_done_again(void **state)
{
	struct outcome row = TURNS(0.5, 0.89, 0.95, 1);

	(void)state;
	assert_int_equal(row.status, STATUS_OK);
	assert_int_equal(row.count, 4);
	assert_true(outcome_number(&row, "overlap") == 0.95);
	assert_true(outcome_number(&row, "repeated") == 2);
	outcome_free(&row);
}

static void but_not_for_good(void **state)
{
	struct outcome row = TURNS(0.5);

	(void)state;
	assert_int_equal(row.status, STATUS_INVALID);
	assert_non_null(strstr(row.reason, "worked together for 50 % of the time only, not 90 %"));
	assert_true(outcome_number(&row, "overlap") == 0.5);
	assert_int_equal(tenants.finished, 2);
	outcome_free(&row);
	row = TURNS(1, 1, 0.89); /* one window of many is enough */
	assert_int_equal(row.status, STATUS_INVALID);
	outcome_free(&row);
}

static void a_tenant_that_is_lost_is_no_measurement(void **state)
{
	struct outcome row = {0};

	(void)state;
	row = TURNS(1);
	outcome_free(&row);
	tenants.gone = 1;
	tenants.finished = 0;
	measure_turns(&suite, &order, &order, 0.02, turn_lost, &row);
	assert_int_equal(row.status, STATUS_FAILED);
	assert_int_equal(row.count, 0);
	assert_int_equal(tenants.finished, 2);
	outcome_free(&row);
}

static void losses_are_signed(void **state)
{
	struct turn turn = {.alone = 200, .together = 300};

	(void)state;
	assert_true(turn_lost(turn) == -50);
	assert_true(turn_longer(turn) == 50);
	assert_true(turn_together(turn) == 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone_and_together_in_turns),
		cmocka_unit_test(nine_tenths_are_together),
		cmocka_unit_test(less_is_done_again),
		cmocka_unit_test(but_not_for_good),
		cmocka_unit_test(a_tenant_that_is_lost_is_no_measurement),
		cmocka_unit_test(losses_are_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
