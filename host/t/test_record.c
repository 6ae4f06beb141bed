// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The record reader against streams that are cut, changed, out of order or made to overflow it. */
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

static void whole_stream(void **state)
{
	struct record_file file;
	struct stream stream;
	char why[RECORD_WHY];

	(void)state;
	fill(&stream);
	assert_int_equal(record_file_read(&file, stream.bytes, stream.size, why), 0);
	assert_true(file.proof_pass);
	assert_int_equal(file.clock, CLOCK_TSC);
	for (uint8_t pass = PASS_TIMED; pass <= PASS_PROOF; pass++) {
		const struct record *row = &file.rows[pass][ROW_user_outb];

		assert_int_equal(row->header.kind, RECORD_ROW);
		assert_int_equal(row->header.count, 3);
		assert_memory_equal(row->payload, three, sizeof(three));
		assert_int_equal(file.rows[pass][ROW_user_outb_kvm].header.kind, RECORD_WAIVED);
		assert_int_equal(file.rows[pass][ROW_kernel_cpuid].header.kind, 0);
		row = &file.disturbed[pass][ROW_user_outb];
		assert_int_equal(row->header.kind, RECORD_DISTURBED);
		assert_int_equal(row->header.count, 2);
		assert_int_equal(record_disturbed(row, 1).sample, 2);
		assert_int_equal(record_disturbed(row, 1).causes, DISTURBED_INTERRUPT);
		assert_int_equal(file.disturbed[pass][ROW_user_outb_kvm].header.kind, 0);
	}
}

static void one_pass(void **state)
{
	struct stream stream = {0};
	struct record_file file;
	char why[RECORD_WHY];

	(void)state;
	put(&stream, INFO(""));
	put(&stream, ROW(user_cpuid, PASS_TIMED, two));
	put(&stream, PASS(PASS_TIMED, 1));
	put(&stream, DONE(1, 2));
	assert_int_equal(record_file_read(&file, stream.bytes, stream.size, why), 0);
	assert_false(file.proof_pass);
}

static void truncated_at_every_byte(void **state)
{
	struct record_file file;
	char why[RECORD_WHY];
	struct stream stream;
	size_t whole = 0;

	(void)state;
	fill(&stream);
	for (size_t size = 0; size < stream.size; size++) {
		char count[32];

		while (whole + 1 < stream.records && stream.starts[whole + 1] <= size)
			whole++;
		snprintf(count, sizeof(count), "after %zu whole records", whole);
		if (!read_copy(stream.bytes, size, &file, why))
			fail_msg("%zu bytes were accepted", size);
		if (!strstr(why, "truncated at") || !strstr(why, count))
			fail_msg("%zu bytes, %s: %s", size, count, why);
	}
	read_copy(stream.bytes, stream.starts[12] - 1, &file, why);
	assert_non_null(strstr(why, "(last: user.outb, proof pass)"));
	read_copy(stream.bytes, stream.starts[13] - 1, &file, why);
	assert_non_null(strstr(why, "(last: user.outb, proof pass, disturbed)"));
}

static void one_record_of_a_stream(void **state)
{
	struct record record;
	struct stream stream;
	char why[RECORD_WHY];

	(void)state;
	fill(&stream);
	for (size_t size = 0; size < stream.starts[1]; size++) {
		assert_int_equal(record_parse(stream.bytes, size, &record, why), RECORD_MORE);
		assert_int_equal(record.length, size < 64 ? 64 : stream.starts[1]);
	}
	assert_int_equal(record_parse(stream.bytes, stream.size, &record, why), RECORD_OK);
	assert_int_equal(record.length, stream.starts[1]);
	assert_int_equal(record.row, -1);
}

static void changed_at_every_byte(void **state)
{
	struct record_file file;
	char why[RECORD_WHY];
	struct stream stream;

	(void)state;
	fill(&stream);
	for (size_t at = 0; at < stream.size; at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			stream.bytes[at] ^= 1u << bit;
			if (!read_copy(stream.bytes, stream.size, &file, why))
				fail_msg("bit %u of byte %zu may change", bit, at);
			stream.bytes[at] ^= 1u << bit;
		}
}

/*
 * Headers that are wrong by themselves, though their checksum is right: a good one in which the
 * bytes of a case that are not 0 take the place of its own.
 */
static void bad_headers(void **state)
{
	static const struct {
		struct record_header header;
		const char *words;
	} cases[] = {
		{{.magic = 0x12345678}, "bad magic 0x12345678"},
		{{.version = 3}, "version 3"},
		{{.version = 0xffff}, "version 65535"},
		{{.kind = 7}, "unknown kind 7"},
		{{.kind = 6, .version = 1}, "unknown kind 6 in version 1"},
		{{.kind = 6}, "DISTURBED with elements of 4 bytes, not 8"},
		{{.width = 8}, "elements of 8 bytes, not 4"},
		{{.width = UINT32_MAX, .count = UINT32_MAX}, "elements of 4294967295 bytes"},
		{{.count = UINT32_MAX}, "4294967295 elements"},
		{{.count = RECORD_MAX_SAMPLES + 1}, "100000001 elements"},
		{{.count = 0x40000001}, "1073741825 elements"},
		{{.row = 254}, "unknown row 254"},
		{{.row = 0xffff}, "unknown row 65535"},
		{{.pass = 3}, "unknown pass 3"},
		{{.clock = 3}, "unknown clock 3"},
		{{.saturated = 2}, "2 saturated samples of 1"},
		{{.reserved = 1}, "reserved"},
	};
	const struct record_header good = {.magic = RECORD_MAGIC,
					   .version = RECORD_VERSION,
					   .kind = RECORD_ROW,
					   .row = 1,
					   .pass = PASS_TIMED,
					   .clock = CLOCK_TSC,
					   .width = 4,
					   .count = 1,
					   .executed = 1};
	char why[RECORD_WHY];
	struct record record;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint8_t *wrong = (const uint8_t *)&cases[i].header;
		uint8_t bytes[sizeof(good) + 4] = {0};
		struct record_header header;

		memcpy(bytes, &good, sizeof(good));
		for (size_t at = 0; at < sizeof(good); at++)
			bytes[at] = wrong[at] ? wrong[at] : bytes[at];
		memcpy(&header, bytes, sizeof(header));
		header.checksum = record_fnv(record_fnv(FNV_BASIS, bytes, sizeof(good)),
					     bytes + sizeof(good), 4);
		memcpy(bytes, &header, sizeof(header));
		if (record_parse(bytes, sizeof(bytes), &record, why) != RECORD_BAD)
			fail_msg("accepted: %s", cases[i].words);
		if (!strstr(why, cases[i].words))
			fail_msg("\"%s\" does not say \"%s\"", why, cases[i].words);
	}
}

static void no_samples_and_too_few_executions(void **state)
{
	struct stream stream = {0};

	(void)state;
	put(&stream, INFO(""));
	put(&stream,
	    (struct record_header){.kind = RECORD_ROW, .row = 1, .pass = PASS_TIMED, .width = 4},
	    NULL);
	assert_refused(&stream, "0 elements");
	stream = (struct stream){0};
	put(&stream, INFO(""));
	put(&stream,
	    (struct record_header){.kind = RECORD_ROW,
				   .row = 1,
				   .pass = PASS_TIMED,
				   .width = 4,
				   .count = 2,
				   .executed = 1},
	    two);
	assert_refused(&stream, "2 samples of 1 executions");
}

/* Records that are right, in places where they are not. */
static void out_of_order(void **state)
{
	struct stream stream = {0};

	(void)state;
	put(&stream, PASS(PASS_TIMED, 0));
	assert_refused(&stream, "does not begin with INFO");

	stream = (struct stream){0};
	put(&stream, INFO(""));
	put(&stream, INFO(""));
	assert_refused(&stream, "a second INFO");

	stream = (struct stream){0};
	put(&stream, INFO(""));
	put(&stream, ROW(user_empty, PASS_PROOF, two));
	assert_refused(&stream, "a row of the proof pass while the timed pass is open");

	stream = (struct stream){0};
	put(&stream, INFO(""));
	put(&stream, ROW(user_empty, PASS_TIMED, two));
	put(&stream, ROW(user_empty, PASS_TIMED, two));
	assert_refused(&stream, "the row was there before");

	stream = (struct stream){0};
	put(&stream, INFO(""));
	put(&stream, DONE(0, 0));
	assert_refused(&stream, "DONE before the end of the timed pass");

	stream = (struct stream){0};
	put(&stream, INFO(""));
	put(&stream, PASS(PASS_TIMED, 0));
	put(&stream, ROW(user_empty, PASS_PROOF, two));
	put(&stream, DONE(1, 2));
	assert_refused(&stream, "DONE before the end of the proof pass");

	stream = (struct stream){0};
	put(&stream, INFO(""));
	put(&stream, PASS(PASS_TIMED, 0));
	put(&stream, PASS(PASS_PROOF, 0));
	put(&stream, PASS(PASS_PROOF, 0));
	assert_refused(&stream, "not open");

	fill(&stream);
	put(&stream, INFO(""));
	assert_refused(&stream, "64 bytes follow DONE");

	stream = (struct stream){0};
	put(&stream, INFO(""));
	put(&stream,
	    (struct record_header){.kind = RECORD_PASS, .pass = PASS_TIMED, .clock = CLOCK_INSN},
	    NULL);
	assert_refused(&stream, "the clock changes");

	stream = (struct stream){0};
	put(&stream, INFO(""));
	put(&stream, (struct record_header){.version = 1, .kind = RECORD_PASS, .pass = PASS_TIMED},
	    NULL);
	assert_refused(&stream, "the version changes from 2 to 1");
}

static void info_lines(void **state)
{
	static const char text[] = "a=1\nempty=\nno line\nab=2\nlast=x";
	struct record_file file = {.info = {.payload = text, .header.count = strlen(text)}};
	size_t length = 7;

	(void)state;
	assert_null(record_info(&file, "no line", &length));
	assert_null(record_info(&file, "b", &length));
	assert_memory_equal(record_info(&file, "ab", &length), "2", 1);
	assert_int_equal(length, 1);
	assert_non_null(record_info(&file, "empty", &length));
	assert_int_equal(length, 0);
	assert_memory_equal(record_info(&file, "last", &length), "x", 1);
	file.info.header.count = 0;
	assert_null(record_info(&file, "a", &length));
}

static void wrong_totals(void **state)
{
	static const struct {
		uint64_t rows, samples;
	} claims[] = {{1, 3}, {2, 2}, {0, 2}, {1, UINT64_MAX}, {UINT64_MAX, 2}, {1, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		struct stream stream = {0};

		put(&stream, INFO(""));
		put(&stream, ROW(user_empty, PASS_TIMED, two));
		put(&stream, PASS(PASS_TIMED, 1));
		put(&stream, DONE(claims[i].rows, claims[i].samples));
		assert_refused(&stream, "DONE claims");
	}
	for (uint64_t rows = 0; rows <= 2; rows += 2) {
		struct stream stream = {0};

		put(&stream, INFO(""));
		put(&stream, ROW(user_empty, PASS_TIMED, two));
		put(&stream, PASS(PASS_TIMED, rows));
		assert_refused(&stream, "PASS claims");
	}
}

static void files(void **state)
{
	char path[] = "/tmp/test_record.XXXXXX", why[RECORD_WHY];
	int fd = mkstemp(path);
	struct record_file file;
	struct stream stream;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(record_file_open(&file, path, why), -1);
	assert_string_equal(why, "empty");
	fill(&stream);
	assert_int_equal(write(fd, stream.bytes, stream.size), stream.size);
	assert_int_equal(record_file_open(&file, path, why), 0);
	record_file_close(&file);
	assert_int_equal(ftruncate(fd, stream.size - 1), 0);
	assert_int_equal(record_file_open(&file, path, why), -1);
	assert_non_null(strstr(why, "truncated"));
	close(fd);
	unlink(path);
	assert_int_equal(record_file_open(&file, path, why), -1);
	assert_string_equal(why, "No such file or directory");
	assert_int_equal(record_file_open(&file, "/tmp", why), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_stream),
		cmocka_unit_test(one_pass),
		cmocka_unit_test(truncated_at_every_byte),
		cmocka_unit_test(one_record_of_a_stream),
		cmocka_unit_test(changed_at_every_byte),
		cmocka_unit_test(bad_headers),
		cmocka_unit_test(no_samples_and_too_few_executions),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(info_lines),
		cmocka_unit_test(wrong_totals),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
