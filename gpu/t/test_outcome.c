// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Outcomes, the overlap of busy windows, the table of metrics and selections from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../suite.h"

static double overlap(int count, const uint64_t (*busy)[2])
{
	struct outcome outcomes[4] = {0};

	for (int i = 0; i < count; i++)
		outcomes[i].busy = (struct busy){.start = busy[i][0], .end = busy[i][1]};
	return overlap_of(outcomes, count);
}

static void overlaps(void **state)
{
	(void)state;
#define OVERLAP(...)                                                                               \
	overlap(sizeof((uint64_t[][2]){__VA_ARGS__}) / 16, (const uint64_t[][2]){__VA_ARGS__})
	assert_true(OVERLAP({100, 200}) == 1);
	assert_true(OVERLAP({100, 200}, {100, 200}) == 1);
	assert_true(OVERLAP({100, 200}, {150, 250}) == 50.0 / 150);
	assert_true(OVERLAP({150, 250}, {100, 200}) == 50.0 / 150);
	assert_true(OVERLAP({100, 200}, {120, 180}) == 0.6);
	assert_true(OVERLAP({0, 100}, {10, 100}, {0, 90}) == 0.8);
	assert_true(OVERLAP({100, 200}, {200, 300}) == 0);
	assert_true(OVERLAP({100, 200}, {300, 400}) == 0);
	assert_true(OVERLAP({100, 200}, {100, 200}, {300, 400}) == 0);
	assert_true(OVERLAP({100, 200}, {0, 0}) == 0);
	assert_true(OVERLAP({100, 200}, {200, 100}) == 0); /* it ends before it begins */
	assert_true(OVERLAP({0, 0}) == 0);
#undef OVERLAP
}

static void the_first_status_stays(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	outcome_set(&outcome, STATUS_INVALID, "%d", 1);
	outcome_set(&outcome, STATUS_FAILED, "2");
	assert_int_equal(outcome.status, STATUS_INVALID);
	assert_string_equal(outcome.reason, "1");
}

static void percentiles(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	assert_true(isnan(outcome_percentile(&outcome, 50)));
	for (int i = 100; i > 0; i--)
		outcome_add(&outcome, i);
	assert_true(outcome_percentile(&outcome, 0) == 1);
	assert_true(outcome_percentile(&outcome, 50) == 50);
	assert_true(outcome_percentile(&outcome, 99) == 99);
	assert_true(outcome_percentile(&outcome, 100) == 100);
	assert_true(outcome.samples[0] == 100); /* in the order of their coming */
	outcome_free(&outcome);
}

static void facts(void **state)
{
	struct outcome outcome = {0};
	char large[sizeof(outcome.facts)];
	size_t before;

	(void)state;
	outcome_fact(&outcome, "verified_by=%s", "host");
	outcome_fact(&outcome, "verified=%d", 7);
	assert_string_equal(outcome.facts, "verified_by=host\nverified=7\n");
	assert_true(outcome_number(&outcome, "verified") == 7);
	assert_true(isnan(outcome_number(&outcome, "rified")));
	/* What does not fit is left out whole. */
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\0';
	before = strlen(outcome.facts);
	outcome_fact(&outcome, "%s", large);
	assert_int_equal(strlen(outcome.facts), before);
	large[sizeof(outcome.facts) - before - 2] = '\0'; /* and what just fits, is not */
	outcome_fact(&outcome, "%s", large);
	assert_int_equal(strlen(outcome.facts), sizeof(outcome.facts) - 1);
	outcome_fact(&outcome, "%s", "");
	assert_int_equal(strlen(outcome.facts), sizeof(outcome.facts) - 1);
}

static const struct metric *metric_of(const char *id)
{
	for (size_t i = 0; i < metric_count; i++)
		if (!strcmp(metrics[i].id, id))
			return &metrics[i];
	fail_msg("no metric %s", id);
	return NULL;
}

static size_t selected(const char *list)
{
	size_t count = 0;

	for (size_t i = 0; i < metric_count; i++)
		count += metric_selected(list, &metrics[i]);
	return count;
}

static void selections(void **state)
{
	char word[64];

	(void)state;
	assert_int_equal(selected(NULL), metric_count);
	assert_int_equal(selected("OH"), 10);
	assert_int_equal(selected("OH-001"), 1);
	assert_int_equal(selected("OH-001,OH-001"), 1);
	assert_int_equal(selected("OH-001,PCIE,IS-010"), 6);
	assert_int_equal(selected("OH-00"), 0);
	assert_int_equal(selected("O"), 0);
	assert_int_equal(selected(""), 0);
	assert_null(metric_unknown("OH-001,PCIE", word, sizeof(word)));
	assert_string_equal(metric_unknown("OH-001,PCI", word, sizeof(word)), "PCI");
	assert_string_equal(metric_unknown("OH-0011", word, sizeof(word)), "OH-0011");
	assert_string_equal(metric_unknown("OH-", word, sizeof(word)), "OH-");
	assert_string_equal(metric_unknown("oh", word, sizeof(word)), "oh");
	assert_string_equal(metric_unknown("OH,", word, sizeof(word)), "");
	assert_string_equal(metric_unknown(",OH", word, sizeof(word)), "");
	assert_string_equal(metric_unknown("", word, sizeof(word)), "");
}

static void points(void **state)
{
	const struct metric *allocation = metric_of("OH-002");
	char name[64];

	(void)state;
	assert_int_equal(metric_points(allocation), 5);
	assert_string_equal(metric_point(allocation, 0, name, sizeof(name)), "2KiB");
	assert_string_equal(metric_point(allocation, 4, name, sizeof(name)), "1GiB");
	metric_row(allocation, 1, name, sizeof(name));
	assert_string_equal(name, "OH-002.64KiB");
	assert_int_equal(metric_points(metric_of("OH-001")), 1);
	assert_string_equal(metric_point(metric_of("OH-001"), 0, name, sizeof(name)), "");
	metric_row(metric_of("OH-001"), 0, name, sizeof(name));
	assert_string_equal(name, "OH-001");
}

static bool is_one_of(const char *text, const char *const *list)
{
	while (*list && strcmp(text, *list))
		list++;
	return *list;
}

/* What a mistake in benches.def would break, far from it. */
static void the_table_is_sound(void **state)
{
	static const char *const units[] = {"us", "ms", "ns", "GB/s", "%", "x", "1", "1/s", NULL};
	static const char *const betters[] = {"lower", "higher", NULL};
	static const char *const clocks[] = {"device", "host", "none", NULL};
	unsigned int last = 0;

	(void)state;
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *metric = &metrics[i];

		assert_true(is_one_of(metric->unit, units));
		assert_true(is_one_of(metric->better, betters));
		assert_true(is_one_of(metric->clock, clocks));
		assert_true(metric_points(metric) <= 16);
		assert_true(metric->run == NULL || metric->cap > 0);
		assert_true(*metric->contract);
		assert_null(strpbrk(metric->contract, "\t\n")); /* --list has tabs and lines */
		for (int point = 0; point < metric_points(metric); point++) {
			assert_true(metric_wire(metric, point) > last);
			last = metric_wire(metric, point);
		}
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(metric->id, metrics[j].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlaps),	      cmocka_unit_test(the_first_status_stays),
		cmocka_unit_test(percentiles),	      cmocka_unit_test(facts),
		cmocka_unit_test(selections),	      cmocka_unit_test(points),
		cmocka_unit_test(the_table_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
