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

#include "../record.h"
#include "../util.h"

/* A stream under construction, and where its records begin. */
struct stream {
	uint8_t bytes[4096];
	size_t size, starts[32], records;
};

static void put(struct stream *stream, struct record_header header, const void *payload)
{
	size_t size = (size_t)header.count * header.width;

	header.magic = RECORD_MAGIC;
	header.version = header.version ? header.version : RECORD_VERSION;
	header.clock = header.clock ? header.clock : CLOCK_TSC;
	header.checksum = record_checksum(&header, payload);
	stream->starts[stream->records++] = stream->size;
	memcpy(stream->bytes + stream->size, &header, sizeof(header));
	if (size)
		memcpy(stream->bytes + stream->size + sizeof(header), payload, size);
	stream->size += sizeof(header) + size;
}

#define INFO(text)                                                                                 \
	(struct record_header){.kind = RECORD_INFO, .width = 1, .count = strlen(text)}, text
#define ROW(name, of_pass, samples)                                                                \
	(struct record_header){.kind = RECORD_ROW,                                                 \
			       .row = exit_rows[ROW_##name].wire,                                  \
			       .pass = of_pass,                                                    \
			       .width = 4,                                                         \
			       .count = ARRAY_SIZE(samples),                                       \
			       .executed = ARRAY_SIZE(samples)},                                   \
		samples
#define WAIVED(name, of_pass, text)                                                                \
	(struct record_header){.kind = RECORD_WAIVED,                                              \
			       .row = exit_rows[ROW_##name].wire,                                  \
			       .pass = of_pass,                                                    \
			       .width = 1,                                                         \
			       .count = strlen(text)},                                             \
		text
#define DISTURBED(name, of_pass, flags)                                                            \
	(struct record_header){.kind = RECORD_DISTURBED,                                           \
			       .row = exit_rows[ROW_##name].wire,                                  \
			       .pass = of_pass,                                                    \
			       .width = sizeof((flags)[0]),                                        \
			       .count = ARRAY_SIZE(flags)},                                        \
		flags
#define PASS(of_pass, rows)                                                                        \
	(struct record_header){.kind = RECORD_PASS, .pass = of_pass, .executed = rows}, NULL
#define DONE(rows, samples)                                                                        \
	(struct record_header){.kind = RECORD_DONE, .executed = rows, .total = samples}, NULL

static const uint32_t two[] = {6, 7}, three[] = {1000, 1001, UINT32_MAX};
static const struct disturbed none[] = {}, last_two[] = {{1, 3}, {2, 1}};

#define TOLD "contamination=interrupts,steal\n"

/* Two passes of two rows and a waived one; the odd text puts the rows at odd addresses. */
static void fill(struct stream *stream)
{
	*stream = (struct stream){0};
	put(stream, INFO("kernel=6.12\n" TOLD "?"));
	for (uint8_t pass = PASS_TIMED; pass <= PASS_PROOF; pass++) {
		put(stream, ROW(user_empty, pass, two));
		put(stream, DISTURBED(user_empty, pass, none));
		put(stream, WAIVED(user_outb_kvm, pass, "no port"));
		put(stream, ROW(user_outb, pass, three));
		put(stream, DISTURBED(user_outb, pass, last_two));
		put(stream, PASS(pass, 2));
	}
	put(stream, DONE(4, 10));
}

/* Reads a copy that ends where its memory ends, so that the sanitizer sees any byte too far. */
static int read_copy(const void *bytes, size_t size, struct record_file *file, char why[RECORD_WHY])
{
	void *copy = malloc(size ? size : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	error = record_file_read(file, copy, size, why);
	free(copy);
	return error;
}

static void assert_refused(const struct stream *stream, const char *words)
{
	struct record_file file;
	char why[RECORD_WHY] = "";

	if (!read_copy(stream->bytes, stream->size, &file, why))
		fail_msg("was accepted, not refused with \"%s\"", words);
	if (!strstr(why, words))
		fail_msg("\"%s\" does not say \"%s\"", why, words);
}

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
		cmocka_unit_test(nothing_told),
		cmocka_unit_test(info_lines),
		cmocka_unit_test(false_flags),
		cmocka_unit_test(flags_out_of_order),
		cmocka_unit_test(wrong_totals),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
