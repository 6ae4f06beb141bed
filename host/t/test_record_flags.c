// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading what disturbed the samples: told for each row, of its samples, or of none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "stream.h"

/* What a stream of version 1 could say, and which version 2 says when nothing can be told. */
static void nothing_told(void **state)
{
	static const struct {
		uint16_t version;
		const char *info;
	} cases[] = {{1, ""}, {1, TOLD}, {2, "contamination=none: no module\n"}, {2, ""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct record_header headers[] = {
			{.kind = RECORD_INFO, .width = 1, .count = strlen(cases[i].info)},
			{.kind = RECORD_ROW, .row = 1, .pass = PASS_TIMED, .width = 4, .count = 2},
			{.kind = RECORD_PASS, .pass = PASS_TIMED, .executed = 1},
			{.kind = RECORD_DONE, .executed = 1, .total = 2},
		};
		const void *payloads[] = {cases[i].info, two, NULL, NULL};
		struct stream stream = {0};
		struct record_file file;
		char why[RECORD_WHY];

		headers[1].executed = 2;
		for (size_t j = 0; j < ARRAY_SIZE(headers); j++) {
			headers[j].version = cases[i].version;
			put(&stream, headers[j], payloads[j]);
		}
		if (read_copy(stream.bytes, stream.size, &file, why))
			fail_msg("case %zu: %s", i, why);
		assert_int_equal(file.causes, 0);
		assert_int_equal(file.disturbed[PASS_TIMED][ROW_user_empty].header.kind, 0);
	}
}

/* Flags that cannot be of their row, though their checksum is right. */
static void false_flags(void **state)
{
	static const struct {
		const char *info;
		uint32_t count;
		struct disturbed flags[4];
		const char *words;
	} cases[] = {
		{TOLD, 1, {{3, 1}}, "sample 3 is disturbed, of 3"},
		{TOLD, 1, {{UINT32_MAX, 1}}, "sample 4294967295 is disturbed, of 3"},
		{TOLD, 2, {{1, 1}, {1, 1}}, "not in ascending order at 1"},
		{TOLD, 3, {{0, 1}, {2, 1}, {1, 1}}, "not in ascending order at 1"},
		{TOLD, 1, {{0, 0}}, "causes 0x0"},
		{TOLD, 1, {{0, 4}}, "causes 0x4"},
		{TOLD, 1, {{0, 0x80000001}}, "causes 0x80000001"},
		{TOLD, 4, {{0, 1}, {1, 1}, {2, 1}, {2, 1}}, "4 disturbed samples of 3"},
		{"contamination=interrupts\n", 1, {{0, 2}}, "causes 0x2, INFO names 0x1"},
		{"contamination=none: x\n", 0, {}, "INFO names nothing"},
		{"", 1, {{0, 1}}, "INFO names nothing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stream stream = {0};

		put(&stream, INFO(cases[i].info));
		put(&stream, ROW(user_outb, PASS_TIMED, three));
		put(&stream,
		    (struct record_header){.kind = RECORD_DISTURBED,
					   .row = exit_rows[ROW_user_outb].wire,
					   .pass = PASS_TIMED,
					   .width = 8,
					   .count = cases[i].count},
		    cases[i].flags);
		assert_refused(&stream, cases[i].words);
	}
}

static void flags_out_of_order(void **state)
{
	struct stream stream = {0};

	(void)state;
	put(&stream, INFO(TOLD));
	put(&stream, DISTURBED(user_empty, PASS_TIMED, none));
	assert_refused(&stream, "does not follow the ROW");

	stream = (struct stream){0};
	put(&stream, INFO(TOLD));
	put(&stream, ROW(user_empty, PASS_TIMED, two));
	put(&stream, DISTURBED(user_outb, PASS_TIMED, none));
	assert_refused(&stream, "does not follow the ROW");

	stream = (struct stream){0};
	put(&stream, INFO(TOLD));
	put(&stream, ROW(user_empty, PASS_TIMED, two));
	put(&stream, DISTURBED(user_empty, PASS_PROOF, none));
	assert_refused(&stream, "does not follow the ROW");

	stream = (struct stream){0};
	put(&stream, INFO(TOLD));
	put(&stream, ROW(user_empty, PASS_TIMED, two));
	put(&stream, DISTURBED(user_empty, PASS_TIMED, none));
	put(&stream, DISTURBED(user_empty, PASS_TIMED, none));
	assert_refused(&stream, "does not follow the ROW");

	stream = (struct stream){0};
	put(&stream, INFO(TOLD));
	put(&stream, WAIVED(user_empty, PASS_TIMED, "no"));
	put(&stream, DISTURBED(user_empty, PASS_TIMED, none));
	assert_refused(&stream, "does not follow the ROW");

	stream = (struct stream){0};
	put(&stream, INFO(TOLD));
	put(&stream, ROW(user_empty, PASS_TIMED, two));
	put(&stream, PASS(PASS_TIMED, 1));
	assert_refused(&stream, "has no DISTURBED");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_told),
		cmocka_unit_test(false_flags),
		cmocka_unit_test(flags_out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
