// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the record of a GPU run to its report: byte for byte, exact, and with nothing made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_stream.h"
#include "../gpu_summary.h"
#include "../json_file.h"
#include "../stats_real.h"
/* Its own assert_refused() is about directories. */
#define assert_refused assert_run_refused
#include "run_dir.h"

static void golden_run(void **state)
{
	copy_inputs(GOLDEN "/gpu", *state);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(report_make(*state), 0);
		for (size_t j = 0; j < ARRAY_SIZE(outputs); j++)
			assert_same_file(GOLDEN "/gpu", *state, outputs[j]);
	}
}

static void broken_inputs(void **state)
{
	struct stream stream;
	size_t size;
	char *records = read_text(GOLDEN "/1-svm", "run.rec", &size);

	fill(&stream);
	write_text(*state, "run.rec", (char *)stream.bytes, stream.size - 1);
	assert_run_refused(*state, "run.rec: truncated at");
	stream.bytes[stream.size - 1] ^= 1;
	write_text(*state, "run.rec", (char *)stream.bytes, stream.size);
	assert_run_refused(*state, "run.rec: damaged at byte");
	stream.bytes[stream.size - 1] ^= 1;
	write_text(*state, "run.rec", (char *)stream.bytes, stream.size);
	write_text(*state, "env.json", "[1, 2", 5);
	assert_run_refused(*state, "env.json:1:");
	/* A run of VM exits goes to its own reader. */
	write_text(*state, "env.json", "{}", 2);
	write_text(*state, "run.rec", records, size);
	assert_int_equal(report_make(*state), 0);
	free(records);
}

/* The summary of a stream; the caller's. */
static json_t *summary_of(const struct stream *stream)
{
	static struct gpu_run run;
	char why[RECORD_WHY];

	if (gpu_record_read(&run.records, stream->bytes, stream->size, why))
		fail_msg("%s", why);
	return gpu_summary(&run);
}

static double number(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	if (!json_is_number(value))
		fail_msg("%s has no number %s", json_text(row, "id"), key);
	return json_number_value(value);
}

static void statistics(void **state)
{
	struct stream stream;
	const json_t *row;
	json_t *summary;

	(void)state;
	fill(&stream);
	summary = summary_of(&stream);
	assert_string_equal(json_text(summary, "kind"), "gpu");
	assert_string_equal(json_text(summary, "host"), "unknown");
	assert_string_equal(json_text(summary, "status"), "invalid");
	assert_true(json_is_true(json_object_get(summary, "emulated")));
	row = summary_row(summary, "OH-001");
	assert_true(number(row, "n") == 2);
	assert_true(number(row, "throttled") == 3);
	assert_true(number(row, "min") == -2.25);
	assert_true(number(row, "p50") == -2.25);
	assert_true(number(row, "p75") == 1.5);
	assert_true(number(row, "mean") == -0.375);
	assert_true(number(row, "stddev") == 1.875);
	assert_int_equal(json_array_size(json_object_get(row, "histogram")), 2);
	assert_string_equal(json_text(json_object_get(row, "facts"), "overlap"), "0.98");
	assert_int_equal(json_object_size(json_object_get(row, "facts")), 1);
	/* INVALID has numbers, which the verdict forbids to use; what was WAIVED has none. */
	row = summary_row(summary, "PCIE-001.h2d");
	assert_true(number(row, "p50") == 1);
	assert_string_equal(json_text(row, "metric"), "PCIE-001");
	assert_string_equal(json_text(row, "category"), "PCIE");
	row = summary_row(summary, "OH-005");
	assert_null(json_object_get(row, "n"));
	assert_null(json_object_get(row, "p50"));
	assert_string_equal(json_text(row, "reason"), "no limiter");
	json_decref(summary);
}

/* What is unknown is not 0, what is a version is no number, and a row that broke has no numbers. */
static void nothing_made_up(void **state)
{
	struct stream stream = {0};
	json_t *summary;
	const json_t *row;

	(void)state;
	put(&stream, INFO("kind=gpu\ngpu=NVIDIA H200\ncuda=13.0\nlink_gbs=0.000\nl2_bytes=5\n"
			  "compute_minor=0\nodd=5x\nplant=2\nquick=1\n"));
	put(&stream, SERIES(1, two));
	put(&stream, VERDICT(1, ROW("FAILED", "killed\x1b[2J\xff", "IS-010")));
	put(&stream, DONE(1, 2));
	summary = summary_of(&stream);
	row = summary_row(summary, "IS-010");
	assert_null(json_object_get(row, "p50"));
	assert_string_equal(json_text(row, "reason"), "killed [2J?");
	assert_true(json_is_false(json_object_get(summary, "emulated")));
	assert_string_equal(json_text(json_object_get(summary, "setup"), "cuda"), "13.0");
	assert_string_equal(json_text(json_object_get(summary, "setup"), "system"), "unknown");
	assert_true(json_is_true(json_member(summary, "setup.quick")));
	assert_int_equal(json_integer_value(json_member(summary, "setup.plant")), 2);
	assert_null(json_member(summary, "device.link_gbs"));
	assert_null(json_member(summary, "device.odd"));
	assert_int_equal(json_integer_value(json_member(summary, "device.l2_bytes")), 5);
	assert_int_equal(json_integer_value(json_member(summary, "device.compute_minor")), 0);
	assert_int_equal(json_object_size(json_object_get(summary, "device")), 2);
	json_decref(summary);
}

/* The bins of a row hold all its samples, each where it belongs. */
static void histograms(void **state)
{
	const double values[] = {0,   1,	 1.0078124, 1.0078125, 2,     1e-300, 1e-12,
				 0.3, 4095.9999, 1e99,	    3,	       65537, 2.9999, 1.999999};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (int sign = -1; sign <= 1; sign += 2) {
			double value = sign * values[i], low = histogram_real_low(value);
			double high = histogram_real_above(low);
			bool tiny = fabs(value) < 1e-290;

			if (tiny       ? low != 0 || high != 0
			    : sign > 0 ? value < low || value >= high
				       : value <= low || value > high)
				fail_msg("%g is not from %g to %g", value, low, high);
			assert_true(tiny || (high - low) / fabs(value) <= 1.0 / 128);
		}
	assert_true(histogram_real_low(1) == 1);
	assert_true(histogram_real_low(1.0078124) == 1);
	assert_true(histogram_real_low(1.0078125) == 1.0078125);
	assert_true(histogram_real_low(-1) == -1.0078125);
}

/* Every form has every row; a text from outside does not break a table or a line. */
static void forms(void **state)
{
	static void (*const all[])(const json_t *, FILE *) = {gpu_table, gpu_markdown, gpu_csv};
	struct stream stream = {0};
	json_t *summary;

	(void)state;
	put(&stream, INFO(GPU_INFO));
	put(&stream, VERDICT(1, ROW("WAIVED", "a|b\"c", "OH-001")));
	put(&stream, SERIES(2, three));
	put(&stream, VERDICT(2, ROW("ok", "", "BW-001.8") "x=1|2\n"));
	put(&stream, VERDICT(3, ROW("WAIVED", "planned; not yet", "LLM-001")));
	put(&stream, DONE(3, 3));
	summary = summary_of(&stream);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		all[i](summary, out);
		fclose(out);
		assert_non_null(strstr(text, "OH-001"));
		assert_non_null(strstr(text, "BW-001.8"));
		assert_non_null(strstr(text, i == 2 ? "LLM-001" : "LLM 1 row"));
		assert_true(i != 1 || strstr(text, "a\\|b"));
		assert_true(i != 1 || strstr(text, "1\\|2"));
		assert_true(i != 2 || strstr(text, "\"a|b\"\"c\""));
		free(text);
	}
	json_decref(summary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(golden_run, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(broken_inputs, make_dir, remove_dir),
		cmocka_unit_test(statistics),
		cmocka_unit_test(nothing_made_up),
		cmocka_unit_test(histograms),
		cmocka_unit_test(forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
