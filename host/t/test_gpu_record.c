// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The reader of GPU runs against streams that are cut, changed, out of order, or of another kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_stream.h"
#include "../record.h"

static struct gpu_record record;

static void whole_stream(void **state)
{
	struct stream stream;
	char why[RECORD_WHY];
	double samples[3];
	size_t length;

	(void)state;
	fill(&stream);
	assert_int_equal(gpu_record_read(&record, stream.bytes, stream.size, why), 0);
	assert_int_equal(record.count, 4);
	assert_int_equal(record.rows[0].series.header.count, 2);
	assert_int_equal(record.rows[1].series.header.kind, 0);
	gpu_samples(&record.rows[2], samples);
	assert_memory_equal(samples, three, sizeof(three));
	assert_memory_equal(gpu_verdict(&record.rows[3], GPU_ID, &length), "PCIE-001.d2h", 12);
	assert_int_equal(length, 12);
	assert_true(gpu_is_verdict_key("throttled", 9));
	assert_false(gpu_is_verdict_key("overlap", 7));
	assert_false(gpu_is_verdict_key("statu", 5));
	/* What was read before leaves nothing in the next. */
	stream = (struct stream){0};
	put(&stream, INFO(GPU_INFO));
	put(&stream, VERDICT(1, ROW("WAIVED", "", "OH-001")));
	put(&stream, DONE(1, 0));
	assert_int_equal(gpu_record_read(&record, stream.bytes, stream.size, why), 0);
	assert_int_equal(record.rows[0].series.header.kind, 0);
}

static void truncated_at_every_byte(void **state)
{
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
		if (!read_copy(stream.bytes, size, &record, why))
			fail_msg("%zu bytes were accepted", size);
		if (!strstr(why, "truncated at") || !strstr(why, count))
			fail_msg("%zu bytes, %s: %s", size, count, why);
	}
	read_copy(stream.bytes, stream.starts[6], &record, why);
	assert_non_null(strstr(why, "(last: VERDICT of PCIE-001.h2d)"));
	read_copy(stream.bytes, stream.starts[7], &record, why);
	assert_non_null(strstr(why, "(last: SERIES of row 34)"));
}

static void changed_at_every_byte(void **state)
{
	char why[RECORD_WHY];
	struct stream stream;

	(void)state;
	fill(&stream);
	for (size_t at = 0; at < stream.size; at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			stream.bytes[at] ^= 1u << bit;
			if (!read_copy(stream.bytes, stream.size, &record, why))
				fail_msg("bit %u of byte %zu may change", bit, at);
			stream.bytes[at] ^= 1u << bit;
		}
}

#define OK ROW("ok", "", "OH-001")

/* A stream of INFO and what is given to REFUSED() is refused with the words. */
#define REFUSED(words, ...)                                                                        \
	do {                                                                                       \
		struct stream stream = {0};                                                        \
                                                                                                   \
		put(&stream, INFO(GPU_INFO));                                                      \
		__VA_ARGS__;                                                                       \
		assert_refused(&stream, words);                                                    \
	} while (0)

static void out_of_order(void **state)
{
	struct stream begins = {0};

	(void)state;
	put(&begins, SERIES(1, two));
	assert_refused(&begins, "does not begin with INFO");
	REFUSED("a second INFO", put(&stream, INFO(GPU_INFO)));
	REFUSED("SERIES of row 1 has no VERDICT", put(&stream, SERIES(1, two)),
		put(&stream, SERIES(2, two)));
	REFUSED("SERIES of row 1 has no VERDICT", put(&stream, SERIES(1, two)),
		put(&stream, DONE(0, 2)));
	REFUSED("VERDICT of row 2 follows SERIES of row 1", put(&stream, SERIES(1, two)),
		put(&stream, VERDICT(2, OK)));
	REFUSED("is ok, but has no SERIES", put(&stream, VERDICT(1, OK)));
	REFUSED("row 1, OH-002, is there twice",
		put(&stream, VERDICT(1, ROW("WAIVED", "", "OH-001"))),
		put(&stream, VERDICT(1, ROW("WAIVED", "", "OH-002"))));
	REFUSED("row 2, OH-001, is there twice",
		put(&stream, VERDICT(1, ROW("WAIVED", "", "OH-001"))),
		put(&stream, VERDICT(2, ROW("WAIVED", "", "OH-001"))));
	REFUSED("64 bytes follow DONE", put(&stream, DONE(0, 0)), put(&stream, DONE(0, 0)));
}

static void wrong_totals(void **state)
{
	(void)state;
	REFUSED("DONE claims 2 rows and 2 samples, 1 and 2 are there", put(&stream, SERIES(1, two)),
		put(&stream, VERDICT(1, OK)), put(&stream, DONE(2, 2)));
	REFUSED("DONE claims 1 rows and 3 samples", put(&stream, SERIES(1, two)),
		put(&stream, VERDICT(1, OK)), put(&stream, DONE(1, 3)));
}

static void no_numbers(void **state)
{
	const double nan[] = {1, NAN}, infinite[] = {-INFINITY}, huge[] = {0, 1, 1e101};

	(void)state;
	REFUSED("sample 1 of row 1 is no number", put(&stream, SERIES(1, nan)));
	REFUSED("sample 0 of row 7 is no number", put(&stream, SERIES(7, infinite)));
	REFUSED("sample 2 of row 7 is no number", put(&stream, SERIES(7, huge)));
}

static void bad_headers(void **state)
{
	static const struct {
		uint16_t kind, version, row;
		uint8_t pass, clock;
		uint32_t width, count, executed;
		const char *words;
	} cases[] = {
		{7, 3, 0, 1, 3, 8, 2, 2, "SERIES of unknown row 0"},
		{7, 3, 1, 1, 3, 4, 2, 2, "SERIES with elements of 4 bytes, not 8"},
		{7, 3, 1, 1, 3, 8, 0, 2, "SERIES with 0 elements"},
		{7, 3, 1, 1, 3, 8, 2, 1, "2 samples of 1 executions"},
		{7, 3, 1, 0, 3, 8, 2, 2, "SERIES of unknown pass 0"},
		{2, 3, 1, 1, 3, 8, 2, 2, "unknown kind 2 in version 3"},
		{9, 3, 1, 1, 3, 8, 2, 2, "unknown kind 9 in version 3"},
		{7, 2, 1, 1, 3, 8, 2, 2, "version 2: this exitlab reads version"},
		{7, 3, 1, 1, 1, 8, 2, 2, "unknown clock 1"},
		{7, 3, 1, 1, 64, 8, 2, 2, "unknown clock 64"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct record_header header = {
			.kind = cases[i].kind,
			.version = cases[i].version,
			.row = cases[i].row,
			.pass = cases[i].pass,
			.clock = cases[i].clock,
			.width = cases[i].width,
			.count = cases[i].count,
			.executed = cases[i].executed,
		};

		REFUSED(cases[i].words, put(&stream, header, two));
	}
}

static void bad_verdicts(void **state)
{
	static const char *const keys[] = {"status", "reason", "id",	"name",
					   "unit",   "better", "clock", "throttled"};
	char words[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char text[] = ROW("WAIVED", "", "OH-001");

		/* Another key than that one. */
		*strstr(text, keys[i]) = 'X';
		snprintf(words, sizeof(words), "VERDICT of row 1 without \"%s=\"", keys[i]);
		REFUSED(words, put(&stream, VERDICT(1, text)));
	}
#define IMPOSSIBLE(text, key)                                                                      \
	REFUSED("impossible value of \"" key "\"", put(&stream, VERDICT(1, text)))
	IMPOSSIBLE(ROW("fine", "", "OH-001"), "status");
	IMPOSSIBLE(ROW("", "", "OH-001"), "status");
	IMPOSSIBLE(ROW("ok WAIVED", "", "OH-001"), "status");
	IMPOSSIBLE(ROW("ok", "", ""), "id");
	IMPOSSIBLE(ROW("ok", "", "../../OH-001"), "id");
	IMPOSSIBLE(ROW("ok", "", "O/H"), "id");
	IMPOSSIBLE(ROW("ok", "", "O H"), "id");
	IMPOSSIBLE(
		ROW("ok", "", "A123456789012345678901234567890123456789012345678901234567890123"),
		"id");
	IMPOSSIBLE("status=ok\nreason=\nid=A\nname=\nunit=\nbetter=more\nclock=host\nthrottled=0",
		   "better");
	IMPOSSIBLE("status=ok\nreason=\nid=A\nname=\nunit=\nbetter=lower\nclock=h\nthrottled=0",
		   "clock");
	IMPOSSIBLE("status=ok\nreason=\nid=A\nname=\nunit=\nbetter=lower\nclock=none\nthrottled=-1",
		   "throttled");
}

static void too_many_rows(void **state)
{
	struct record_header header = {
		.magic = RECORD_MAGIC, .version = RECORD_VERSION_GPU, .clock = CLOCK_NS};
	struct record_header info = {.kind = RECORD_INFO, .width = 1, .count = 8};
	char *bytes = NULL, why[RECORD_WHY];
	size_t size;
	FILE *out = open_memstream(&bytes, &size);

	(void)state;
	info.magic = RECORD_MAGIC;
	info.version = RECORD_VERSION_GPU;
	info.clock = CLOCK_NS;
	info.checksum = record_checksum(&info, "kind=gpu");
	fwrite(&info, sizeof(info), 1, out);
	fputs("kind=gpu", out);
	for (unsigned int row = 1; row <= GPU_ROWS_MOST + 1; row++) {
		char text[256];

		header.kind = RECORD_VERDICT;
		header.row = row;
		header.pass = PASS_TIMED;
		header.width = 1;
		header.count = snprintf(text, sizeof(text), ROW("WAIVED", "", "OH-%u"), row);
		header.checksum = record_checksum(&header, text);
		fwrite(&header, sizeof(header), 1, out);
		fputs(text, out);
	}
	fclose(out);
	assert_int_equal(gpu_record_read(&record, bytes, size, why), -1);
	assert_non_null(strstr(why, "more than 2048 rows"));
	free(bytes);
}

/* Each reader names what it was given instead, and does not call it damaged. */
static void of_another_kind(void **state)
{
	struct record_header exits = {
		.magic = RECORD_MAGIC, .version = RECORD_VERSION, .kind = RECORD_INFO};
	static struct record_file file;
	struct stream stream;
	char why[RECORD_WHY];

	(void)state;
	fill(&stream);
	assert_int_equal(record_file_read(&file, stream.bytes, stream.size, why), -1);
	assert_string_equal(why, "the record of a GPU run, not of a run of VM exits");
	assert_int_equal(gpu_record_read(&record, &exits, sizeof(exits), why), -1);
	assert_string_equal(why, "the record of a run of VM exits, not of a GPU run");
	exits.version = RECORD_VERSION_FILES + 1;
	assert_int_equal(gpu_record_read(&record, &exits, sizeof(exits), why), -1);
	assert_non_null(strstr(why, "version 5: this exitlab reads version"));
	assert_int_equal(gpu_record_read(&record, stream.bytes, 0, why), -1);
	memset(&stream, 0, sizeof(stream));
	put(&stream, INFO("kind=vmexit"));
	assert_refused(&stream, "INFO says neither kind=gpu nor kind=gpu-overhead");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_stream),		 cmocka_unit_test(truncated_at_every_byte),
		cmocka_unit_test(changed_at_every_byte), cmocka_unit_test(out_of_order),
		cmocka_unit_test(wrong_totals),		 cmocka_unit_test(no_numbers),
		cmocka_unit_test(bad_headers),		 cmocka_unit_test(bad_verdicts),
		cmocka_unit_test(too_many_rows),	 cmocka_unit_test(of_another_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
