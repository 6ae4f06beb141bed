// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * GPU runs compared: rows with a ratio and rows about zero, each with its margin; what repeats is
 * SAME, twice the work is SLOWER, and what did not run is not compared. The golden run is that of a
 * fake GPU, which nothing may be compared with; here it is called a real one.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../compare.h"
#include "../json_file.h"
#include "../stats.h"
#include "../util.h"

#define GOLDEN "host/t/golden/gpu"

static char paths[2][40] = {"/tmp/test_compare_gpu.XXXXXX", "/tmp/test_compare_gpu.XXXXXX"};

static int make_files(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		int fd = mkstemp(paths[i]);

		if (fd < 0)
			return -1;
		close(fd);
	}
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	return unlink(paths[0]) | unlink(paths[1]);
}

static json_t *golden(void)
{
	json_t *json;

	assert_int_equal(json_file_read(GOLDEN, "summary.json", &json), 0);
	assert_non_null(json);
	json_object_set_new(json, "emulated", json_false());
	return json;
}

/* Of a summary of the golden run. */
static json_t *row_of(json_t *summary, const char *id)
{
	json_t *row = (json_t *)summary_row(summary, id);

	assert_non_null(row);
	return row;
}

/* Puts numbers in a row that has any or none: so many samples, of these percentiles. */
static void set_numbers(json_t *row, json_int_t n, double low, double median, double high)
{
	for (int i = 0; i < STATS_PERCENTILES; i++)
		json_object_set_new(row, percentile_keys[i],
				    json_real(i < STATS_P50   ? low
					      : i > STATS_P50 ? high
							      : median));
	json_object_set_new(row, "n", json_integer(n));
	json_object_set_new(row, "p50_ci95", json_pack("[f, f]", low, high));
	json_object_set_new(row, "verdict", json_string("ok"));
	json_object_del(row, "histogram");
}

/* The comparison of two summaries, which are freed; the caller's. */
static json_t *compare(json_t *base, json_t *with, double margin)
{
	json_t *summaries[] = {base, with}, *comparison;
	struct side sides[2];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(json_dump_file(summaries[i], paths[i], 0), 0);
		assert_int_equal(side_read(&sides[i], paths[i]), 0);
		json_decref(summaries[i]);
	}
	assert_int_equal(sides_check(sides, 2, false), 0);
	comparison = compare_sides(sides, 2, margin);
	assert_non_null(comparison);
	for (int i = 0; i < 2; i++)
		side_free(&sides[i]);
	return comparison;
}

static const json_t *compared(const json_t *comparison, const char *id)
{
	const json_t *two = json_array_get(json_object_get(comparison, "comparisons"), 0);
	const json_t *row = summary_row(two, id);

	assert_non_null(row);
	return row;
}

static double number(const json_t *row, const char *key)
{
	assert_true(json_is_number(json_object_get(row, key)));
	return json_number_value(json_object_get(row, key));
}

static void assert_verdict(const json_t *row, const char *verdict)
{
	if (strcmp(json_text(row, "verdict"), verdict))
		fail_msg("%s is %s, not %s", json_text(row, "id"), json_text(row, "verdict"),
			 verdict);
}

/* What ran is the same as itself, in every row. */
static void a_run_is_the_same_as_itself(void **state)
{
	json_t *comparison = compare(golden(), golden(), -1), *row;
	size_t i, same = 0;

	(void)state;
	json_array_foreach (
		json_object_get(json_array_get(json_object_get(comparison, "comparisons"), 0),
				"rows"),
		i, row) {
		bool compared = json_object_get(row, "change");

		assert_verdict(row, compared ? "SAME" : "NOT COMPARED");
		same += compared;
	}
	assert_true(same > 5);
	json_decref(comparison);
}

/* How a row is judged, and by which margin. */
static void rows_have_their_rules(void **state)
{
	static const struct {
		const char *id, *scale;
		double margin;
	} cases[] = {
		{"OH-001", "ratio", 0.20},   {"BW-001.8", "ratio", 0.05},
		{"ERR-002", "ratio", 0.20},  {"OH-007", "difference", 50},
		{"IS-006", "difference", 2}, {"IS-005.pointer", "difference", 0},
	};
	json_t *base = golden(), *comparison;

	(void)state;
	set_numbers(row_of(base, "IS-006"), 30, 9, 10, 11);
	comparison = compare(json_incref(base), base, -1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const json_t *row = compared(comparison, cases[i].id);

		assert_string_equal(json_text(row, "scale"), cases[i].scale);
		assert_true(fabs(number(row, "margin") - cases[i].margin) < 1e-9);
		assert_int_equal(json_object_get(row, "ratio") != NULL,
				 !strcmp(cases[i].scale, "ratio"));
	}
	assert_true(number(comparison, "margin") == 0.05);
	json_decref(comparison);
}

/* One row of two runs, of so many samples, with these numbers: what is it called? */
static void check(const char *id, const double base[3], const double with[3], json_int_t n,
		  double margin, const char *verdict)
{
	json_t *summaries[2] = {golden(), golden()}, *comparison;

	set_numbers(row_of(summaries[0], id), n, base[0], base[1], base[2]);
	set_numbers(row_of(summaries[1], id), n, with[0], with[1], with[2]);
	comparison = compare(summaries[0], summaries[1], margin);
	assert_verdict(compared(comparison, id), verdict);
	json_decref(comparison);
}

static void rows_about_zero(void **state)
{
	static const struct {
		const char *id;
		double base[3], with[3];
		json_int_t n;
		double margin; /* negative: the usual one */
		const char *verdict;
	} cases[] = {
		/* %: two points */
		{"IS-006", {-1, 0, 1}, {-1, 0, 1}, 30, -1, "SAME"},
		{"IS-006", {0, 0, 0}, {1.9, 1.9, 1.9}, 30, -1, "SAME"},
		{"IS-006", {0, 0, 0}, {49, 50, 51}, 30, -1, "SLOWER"},
		{"IS-006", {49, 50, 51}, {-1, 0, 1}, 30, -1, "FASTER"},
		{"IS-006", {-1, 0, 1}, {1, 2, 3}, 30, -1, "UNSURE"},
		{"IS-006", {0, 0, 0}, {49, 50, 51}, 5, -1, "UNSURE"},
		/* or 5 %, where that is more */
		{"IS-006", {400, 400, 400}, {419, 419, 419}, 30, -1, "SAME"},
		{"IS-006", {400, 400, 400}, {421, 421, 421}, 30, -1, "SLOWER"},
		/* or as many points as were asked for */
		{"IS-006", {0, 0, 0}, {1.9, 1.9, 1.9}, 30, 0.01, "SLOWER"},
		{"IS-006", {0, 0, 0}, {0.9, 0.9, 0.9}, 30, 0.01, "SAME"},
		/* a signed cost */
		{"OH-007", {-20, -7, 3}, {-5, 7, 12}, 40, -1, "SAME"},
		{"OH-007", {-20, -7, 3}, {280, 300, 320}, 40, -1, "SLOWER"},
		{"OH-007", {280, 300, 320}, {580, 600, 620}, 40, -1, "SLOWER"},
		/* bytes that leaked: one is too many, and one sample is enough to know */
		{"IS-005.pointer", {0, 0, 0}, {0, 0, 0}, 1, -1, "SAME"},
		{"IS-005.pointer", {0, 0, 0}, {4096, 4096, 4096}, 1, -1, "SLOWER"},
		{"IS-005.pointer", {4096, 4096, 4096}, {0, 0, 0}, 10, -1, "FASTER"},
		{"IS-005.pointer", {0, 0, 0}, {0, 0, 4096}, 10, -1, "SLOWER"},
		/* ratios, lower and higher */
		{"OH-001", {2, 2.1, 2.2}, {2, 2.15, 2.2}, 60, -1, "SAME"},
		{"OH-001", {2, 2.1, 2.2}, {4, 4.2, 4.4}, 60, -1, "SLOWER"},
		{"BW-001.8", {3990, 4000, 4010}, {3890, 3900, 3910}, 30, -1, "SAME"},
		{"BW-001.8", {3990, 4000, 4010}, {1990, 2000, 2010}, 30, -1, "SLOWER"},
		{"BW-001.8", {3990, 4000, 4010}, {3890, 3900, 3910}, 30, 0.01, "SLOWER"},
		{"BW-001.8", {3990, 4000, 4010}, {7990, 8000, 8010}, 30, -1, "FASTER"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(cases[i].id, cases[i].base, cases[i].with, cases[i].n, cases[i].margin,
		      cases[i].verdict);
}

/* What is no time is counted: a few samples are as good as many. */
static void few_counts_are_enough(void **state)
{
	static const char *const clocks[][2] = {{"none", "SLOWER"}, {"device", "UNSURE"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		json_t *summaries[2] = {golden(), golden()}, *comparison;

		for (int side = 0; side < 2; side++) {
			json_t *row = row_of(summaries[side], "IS-006");

			set_numbers(row, 3, 50 * side, 50 * side, 50 * side);
			json_object_set_new(row, "clock", json_string(clocks[i][0]));
		}
		comparison = compare(summaries[0], summaries[1], -1);
		assert_verdict(compared(comparison, "IS-006"), clocks[i][1]);
		json_decref(comparison);
	}
}

static void what_did_not_run_is_not_compared(void **state)
{
	static const struct {
		const char *id, *reason;
	} cases[] = {
		{"IS-010", ": FAILED: tenant 1 fault: it was killed by signal 11"},
		{"IS-006", ": INVALID: tenants worked together in 0.71 of the time"},
		{"OH-005.launch", ": WAIVED: there is no limiter to measure"},
		{"LLM-001", COMPARE_PLANNED},
		{"NCCL-001", COMPARE_PLANNED},
	};
	json_t *comparison = compare(golden(), golden(), -1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const json_t *row = compared(comparison, cases[i].id);

		assert_verdict(row, "NOT COMPARED");
		assert_null(json_object_get(row, "change"));
		if (!strstr(json_text(row, "reason"), cases[i].reason))
			fail_msg("\"%s\" does not say \"%s\"", json_text(row, "reason"),
				 cases[i].reason);
	}
	json_decref(comparison);
}

/* Planned rows take one line of all that is printed, and everything is drawn. */
static void all_forms(void **state)
{
	void (*const prints[])(const json_t *, FILE *) = {compare_table, compare_markdown};
	json_t *comparison = compare(golden(), golden(), -1);
	struct side sides[2];
	char *text;
	size_t size;
	FILE *out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(prints); i++) {
		out = open_memstream(&text, &size);
		prints[i](comparison, out);
		fclose(out);
		assert_non_null(strstr(text, "OH-007"));
		assert_non_null(strstr(text, "50 ns"));
		assert_non_null(strstr(text, "(LLM-001, NCCL-001)"));
		assert_ptr_equal(strstr(text, "LLM-001"), strstr(text, "(LLM-001") + 1);
		free(text);
	}
	out = open_memstream(&text, &size);
	for (int i = 0; i < 2; i++)
		assert_int_equal(side_read(&sides[i], paths[i]), 0);
	compare_plot_script(comparison, sides, 2, out);
	fclose(out);
	assert_non_null(strstr(text, "OH-007: SAME +0"));
	assert_non_null(strstr(text, "BW-001.8: SAME 1.0000"));
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "inf"));
	free(text);
	for (int i = 0; i < 2; i++)
		side_free(&sides[i]);
	json_decref(comparison);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_is_the_same_as_itself),
		cmocka_unit_test(rows_have_their_rules),
		cmocka_unit_test(rows_about_zero),
		cmocka_unit_test(few_counts_are_enough),
		cmocka_unit_test(what_did_not_run_is_not_compared),
		cmocka_unit_test(all_forms),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
