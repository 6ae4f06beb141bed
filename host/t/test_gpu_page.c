// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The drawn parts of a GPU run's report: axes of any range, metrics by their points, and that no
 * number and no name makes a page or a script that cannot be.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../chart_real.h"
#include "../json_file.h"
#include "../report_gpu.h"
#include "../stats_real.h"
#include "../util.h"

#define GOLDEN "host/t/golden/gpu"

static json_t *golden(void)
{
	json_t *json;

	assert_int_equal(json_file_read(GOLDEN, "summary.json", &json), 0);
	assert_non_null(json);
	return json;
}

static void axes(void **state)
{
	static const struct {
		double low, high;
		bool logarithmic;
	} cases[] = {
		{0, 0, false},		{-1.5, -1.5, false},   {4180, 4230, false},
		{1, 10, false},		{1, 10.1, true},       {-50, 45, false},
		{0, 1e6, false},	{1e-9, 1e9, true},     {0.065, 68.4, true},
		{-1e300, 1e300, false}, {1e-290, 1e290, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct real_axis axis = real_axis_of(cases[i].low, cases[i].high);
		double ticks[REAL_TICKS];
		size_t count = real_axis_ticks(&axis, ticks);

		assert_int_equal(axis.logarithmic, cases[i].logarithmic);
		assert_true(axis.low < cases[i].low && cases[i].high < axis.high);
		assert_true(isfinite(axis.low) && isfinite(axis.high));
		assert_true(real_axis_at(&axis, axis.low - fabs(axis.low)) == 0);
		assert_true(real_axis_at(&axis, axis.low) == 0);
		assert_true(real_axis_at(&axis, axis.high) == 1);
		assert_in_range(count, 2, REAL_TICKS);
		for (size_t k = 0; k < count; k++)
			assert_true(axis.low <= ticks[k] && ticks[k] <= axis.high &&
				    (k == 0 || ticks[k - 1] < ticks[k]) &&
				    !(ticks[k] == 0 && signbit(ticks[k])));
	}
}

static void labels(void **state)
{
	static const struct {
		double value;
		const char *label;
	} cases[] = {{0, "0"},		 {0.1044, "0.1044"},  {1.9, "1.900"},
		     {42.567, "42.57"},	 {-416.68, "-416.7"}, {4209.04, "4209"},
		     {0.0001, "0.0001"}, {2e12, "2e+12"}};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(real_label(cases[i].value, text), cases[i].label);
}

/* A summary with rows of one metric, "M-1.POINT", in this order; those with "!" are INVALID. */
static json_t *rows_of(const char *const points[4])
{
	json_t *rows = json_array();

	for (size_t i = 0; i < 4 && points[i]; i++)
		json_array_append_new(
			rows, json_pack("{s:o, s:s, s:s, s:s, s:f}", "id",
					json_sprintf("M-1.%s", points[i] + (*points[i] == '!')),
					"metric", "M-1", "unit", "us", "verdict",
					*points[i] == '!' ? "INVALID" : "ok", "p50", 2.5));
	return json_pack("{s:o}", "rows", rows);
}

/* Of shares, which differ by their hundredths; of others that span much, by their ratio. */
static void axes_of_sweeps(void **state)
{
	static const char *const points[4] = {"1", "2"}, *const units[] = {"us", "%"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		json_t *summary = rows_of(points), *row;
		struct real_axis axis;
		struct sweep sweep;
		size_t k;

		json_array_foreach (json_object_get(summary, "rows"), k, row) {
			json_object_set_new(row, "unit", json_string(units[i]));
			json_object_set_new(row, "p25", json_real(k ? 99 : 2));
			json_object_set_new(row, "p75", json_real(k ? 100 : 3));
		}
		assert_true(sweep_read(summary, "M-1", &sweep));
		axis = sweep_axis(&sweep);
		assert_int_equal(axis.logarithmic, i == 0);
		assert_true(i == 0 ? axis.low > 0 : axis.low == 0);
		json_decref(summary);
	}
}

static void sweeps(void **state)
{
	static const struct {
		const char *points[4];
		size_t count; /* 0: none */
		double first, last;
	} cases[] = {
		{{"1", "2", "4", "8"}, 4, 1, 8},
		{{"2KiB", "64KiB", "1MiB", "1GiB"}, 4, 2048, 1073741824},
		{{"quarter", "half", "double", "quadruple"}, 4, 0.25, 4},
		{{"1", "!2", "4"}, 2, 1, 4},
		{{"!1", "!2", "4"}, 0, 0, 0},
		{{"memgetinfo", "launch"}, 0, 0, 0},
		{{"memory-p50", "memory-p99"}, 0, 0, 0},
		{{"4", "2", "1"}, 0, 0, 0},
		{{"1", "1"}, 0, 0, 0},
		{{"1x", "2"}, 0, 0, 0},
		{{"", "2"}, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *summary = rows_of(cases[i].points);
		struct sweep sweep;

		assert_int_equal(sweep_read(summary, "M-1", &sweep), cases[i].count != 0);
		assert_false(sweep_read(summary, "M-2", &(struct sweep){0}));
		if (cases[i].count) {
			assert_int_equal(sweep.count, cases[i].count);
			assert_true(sweep.points[0].value == cases[i].first);
			assert_true(sweep.points[sweep.count - 1].value == cases[i].last);
		}
		json_decref(summary);
	}
}

/* No coordinate is that: "tenant" is fine, "Mnan" and "vnan" are not. */
static void assert_no_number(const char *text, const char *name)
{
	for (const char *at = text; (at = strstr(at, name)); at++) {
		bool before = at[-1] >= 'a' && at[-1] <= 'z' && at[-1] != 'h' && at[-1] != 'v';
		bool after = at[3] >= 'a' && at[3] <= 'z' && at[3] != 'h' && at[3] != 'v';

		if (!before && !after)
			fail_msg("%.80s", at - 40);
	}
}

/* Page and script of a summary, which is freed, hold nothing that is not to be there. */
static void check_drawn(json_t *summary)
{
	static const char *const never[] = {"<b>", "onclick=\"", "\x1b"}; /* in a page */
	json_t *ids = json_array();
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	report_gpu_html(summary, out);
	fflush(out);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (strstr(text, never[i]))
			fail_msg("\"%s\" is there: %.80s", never[i], strstr(text, never[i]) - 40);
	report_gpu_plot_script(summary, ids, out);
	fclose(out);
	assert_null(strchr(text, '\x1b'));
	assert_no_number(text, "nan");
	assert_no_number(text, "inf");
	assert_non_null(strstr(text, "</html>"));
	free(text);
	json_decref(ids);
	json_decref(summary);
}

/* One row with other numbers: so many samples of these values. */
static json_t *with_numbers(double low, double median, double high)
{
	json_t *summary = golden(), *row = (json_t *)summary_row(summary, "BW-001.8");
	json_t *bins = json_array();

	assert_non_null(row);
	for (int i = 0; i < STATS_PERCENTILES; i++)
		json_object_set_new(row, percentile_keys[i],
				    json_real(i < STATS_P50   ? low
					      : i > STATS_P50 ? high
							      : median));
	json_object_set_new(row, "p50_ci95", json_pack("[f, f]", low, high));
	json_array_append_new(bins, json_pack("[f, i]", histogram_real_low(low), 15));
	if (histogram_real_low(high) > histogram_real_low(low))
		json_array_append_new(bins, json_pack("[f, i]", histogram_real_low(high), 15));
	json_object_set_new(row, "histogram", bins);
	return summary;
}

static void any_number_is_drawn(void **state)
{
	static const double cases[][3] = {
		{0, 0, 0},    {-7, -7, -7},	  {-1e300, 0, 1e300},
		{-0.0, 0, 0}, {1e-290, 1, 1e290}, {-1e-290, 0, 1e-290},
		{5, 5, 5},    {-4, -2, -1},	  {0.999999, 1, 1.000001},
	};

	(void)state;
	check_drawn(golden());
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_drawn(with_numbers(cases[i][0], cases[i][1], cases[i][2]));
}

static void names_stay_text(void **state)
{
	static const char *const keys[] = {"id",   "metric", "category", "name",
					   "unit", "reason", "verdict"};
	static const char markup[] = "<b>'\"; system \x1b onclick=\"alert(1)";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *summary = golden();

		json_object_set_new((json_t *)summary_row(summary, "BW-001.8"), keys[i],
				    json_string(markup));
		check_drawn(summary);
	}
}

/* Only what is fit for a file's name is drawn into a file: each row with numbers, each sweep. */
static void plots_have_the_names_of_rows(void **state)
{
	json_t *summary = golden(), *ids = json_array();
	const char *last = "";
	size_t size, i, rows = 0;
	const json_t *id;
	char *text;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	json_object_set_new((json_t *)summary_row(summary, "OH-001"), "id",
			    json_string("../../OH-001"));
	report_gpu_plot_script(summary, ids, out);
	fclose(out);
	json_array_foreach (ids, i, id) {
		assert_null(strchr(json_string_value(id), '/'));
		assert_string_not_equal(json_string_value(id), last);
		last = json_string_value(id);
		rows += summary_row(summary, last) != NULL;
	}
	/* Of 10 rows with numbers one has that name; OH-002 and BW-001 have points. */
	assert_int_equal(rows, 9);
	assert_int_equal(json_array_size(ids), 11);
	free(text);
	json_decref(ids);
	json_decref(summary);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(axes),
		cmocka_unit_test(labels),
		cmocka_unit_test(sweeps),
		cmocka_unit_test(axes_of_sweeps),
		cmocka_unit_test(any_number_is_drawn),
		cmocka_unit_test(names_stay_text),
		cmocka_unit_test(plots_have_the_names_of_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
