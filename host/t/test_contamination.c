// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Planted flags: the two sets they make, and that the whole is the row's samples, sorted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../report.h"
#include "../util.h"

#define MOST 1000

/* samples become all of them, sorted. */
static int64_t interrupts = -1; /* of the host, for split() */

static struct contamination split(uint32_t *samples, size_t n, const struct disturbed *flags,
				  uint32_t count)
{
	/* At an odd address, as in a stream. */
	static uint8_t payload[MOST * sizeof(*flags) + 1];
	struct record record = {.header = {.kind = RECORD_DISTURBED, .count = count},
				.payload = payload + 1};
	struct contamination contamination = {.host_interrupts = interrupts};
	/* As large as promised, so that the sanitizer sees any element too far. */
	uint32_t *scratch = malloc(n * sizeof(*scratch));

	assert_non_null(scratch);
	memcpy(payload + 1, flags, count * sizeof(*flags));
	contamination_sort(samples, scratch, n, &record, &contamination);
	free(scratch);
	return contamination;
}

static void planted(void **state)
{
	uint32_t samples[] = {10, 900, 20, 5, 30, 800, 40, 10};
	static const uint32_t sorted[] = {5, 10, 10, 20, 30, 40, 800, 900};
	/* 900, 5 and 800: one of them the smallest of all. */
	static const struct disturbed flags[] = {
		{1, DISTURBED_INTERRUPT}, {3, DISTURBED_STEAL}, {5, 3}};
	struct contamination contamination = split(samples, ARRAY_SIZE(samples), flags, 3);

	(void)state;
	assert_memory_equal(samples, sorted, sizeof(sorted));
	assert_int_equal(contamination.by_cause[0], 2);
	assert_int_equal(contamination.by_cause[1], 2);
	assert_int_equal(contamination.flagged.n, 3);
	assert_int_equal(contamination.flagged.at[STATS_MIN], 5);
	assert_int_equal(contamination.flagged.at[STATS_P50], 800);
	assert_int_equal(contamination.flagged.at[STATS_MAX], 900);
	assert_int_equal(contamination.clean.n, 5);
	assert_int_equal(contamination.clean.at[STATS_MIN], 10);
	assert_int_equal(contamination.clean.at[STATS_P50], 20);
	assert_int_equal(contamination.clean.at[STATS_P99], 40);
	assert_int_equal(contamination.clean.at[STATS_MAX], 40);
}

static void all_or_none(void **state)
{
	static const struct disturbed flags[] = {{0, 1}, {1, 1}, {2, 1}};
	uint32_t samples[] = {3, 1, 2}, again[] = {3, 1, 2};
	static const uint32_t sorted[] = {1, 2, 3};
	struct contamination all = split(samples, 3, flags, 3), none = split(again, 3, flags, 0);

	(void)state;
	assert_memory_equal(samples, sorted, sizeof(sorted));
	assert_memory_equal(again, sorted, sizeof(sorted));
	assert_int_equal(all.clean.n, 0);
	assert_int_equal(all.flagged.n, 3);
	assert_int_equal(all.flagged.at[STATS_P50], 2);
	assert_int_equal(none.flagged.n, 0);
	assert_int_equal(none.clean.n, 3);
	assert_int_equal(none.clean.at[STATS_P50], 2);
	assert_int_equal(none.by_cause[0] + none.by_cause[1], 0);
}

/* Two interrupts of the host and one that the guest saw: the guest's first, then the longest. */
static void of_the_host(void **state)
{
	static const struct disturbed flags[] = {{7, DISTURBED_INTERRUPT}};
	static uint32_t samples[500];
	struct contamination contamination;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		samples[i] = i % 100 ? 1189 : 1184;
	samples[7] = 9000;
	samples[70] = 5000;
	interrupts = 2;
	contamination = split(samples, ARRAY_SIZE(samples), flags, 1);
	interrupts = -1;
	/* One of the two came between samples: no sample that is as long as others answers for it.
	 */
	assert_int_equal(contamination.by_host, 1);
	assert_int_equal(contamination.flagged.n, 2);
	assert_int_equal(contamination.flagged.at[STATS_MIN], 5000);
	assert_int_equal(contamination.flagged.at[STATS_MAX], 9000);
	assert_int_equal(contamination.clean.n, 498);
	assert_int_equal(contamination.clean.at[STATS_MAX], 1189);
	assert_int_equal(samples[499], 9000);
	assert_int_equal(samples[498], 5000);
}

/* More samples are longer than there were interrupts: what is not explained stays. */
static void unexplained(void **state)
{
	static const struct disturbed none[1];
	static uint32_t samples[500];
	struct contamination contamination;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		samples[i] = i < 497 ? 4 : 100 + i;
	interrupts = 1;
	contamination = split(samples, ARRAY_SIZE(samples), none, 0);
	interrupts = -1;
	assert_int_equal(contamination.by_host, 1);
	assert_int_equal(contamination.clean.at[STATS_MAX], 598);
}

/* Every third sample or so flagged, against sets made one by one. */
static void at_random(void **state)
{
	(void)state;
	for (uint32_t n = 1, random = 1; n <= MOST; n = 2 * n + 1) {
		uint32_t samples[MOST], all[MOST], clean[MOST], flagged[MOST], scratch[MOST];
		uint32_t at[STATS_PERCENTILES] = {0}, count = 0, others = 0;
		struct disturbed flags[MOST];
		struct contamination contamination;

		for (uint32_t i = 0; i < n; i++) {
			random = random * 1664525 + 1013904223;
			samples[i] = all[i] = random >> 24;
			if (random >> 8 & 3) {
				clean[others++] = samples[i];
			} else {
				flagged[count] = samples[i];
				flags[count++] = (struct disturbed){i, DISTURBED_STEAL};
			}
		}
		contamination = split(samples, n, flags, count);
		stats_sort(all, scratch, n);
		stats_sort(clean, scratch, others);
		stats_sort(flagged, scratch, count);
		assert_memory_equal(samples, all, n * sizeof(*all));
		assert_int_equal(contamination.flagged.n, count);
		assert_int_equal(contamination.clean.n, others);
		assert_int_equal(contamination.by_cause[1], count);
		if (others)
			stats_percentiles(clean, others, at);
		assert_true(!others || !memcmp(contamination.clean.at, at, sizeof(at)));
		if (count)
			stats_percentiles(flagged, count, at);
		assert_true(!count || !memcmp(contamination.flagged.at, at, sizeof(at)));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted),     cmocka_unit_test(all_or_none),
		cmocka_unit_test(of_the_host), cmocka_unit_test(unexplained),
		cmocka_unit_test(at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
