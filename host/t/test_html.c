// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The pages: what comes from outside stays text, and no number makes a chart that cannot be. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../chart.h"
#include "../chart_time.h"
#include "../html.h"
#include "../index.h"
#include "../json_file.h"
#include "../report.h"
#include "../util.h"

#define GOLDEN "host/t/golden/2-vmx"

static char *text;
static size_t text_size;

static FILE *begin_text(void)
{
	FILE *out = open_memstream(&text, &text_size);

	assert_non_null(out);
	return out;
}

static void assert_text(FILE *out, const char *wanted)
{
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
}

static void text_stays_text(void **state)
{
	FILE *out = begin_text();

	(void)state;
	html_text("<script a=\"1\">&amp;\n\x1b\x7f", out);
	assert_text(out, "&lt;script a=&quot;1&quot;&gt;&amp;amp;   ");
	out = begin_text();
	html_printf(out, "%s <%d>", "a&b", 7);
	assert_text(out, "a&amp;b &lt;7&gt;");
	out = begin_text();
	html_url("javascript:a b/\"<%?#\xc3", out);
	assert_text(out, "./javascript%3Aa%20b/%22%3C%25%3F%23%C3");
	out = begin_text();
	html_anchor("user.cpuid, plain\"<", out);
	assert_text(out, "user.cpuid--plain--");
	out = begin_text();
	html_verdict("<b>", out);
	assert_text(out, "<span class=\"verdict plain\">&lt;b&gt;</span>");
}

static void assert_value(const char *json, const char *wanted)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	FILE *out = begin_text();

	assert_non_null(value);
	html_value(value, out);
	assert_text(out, wanted);
	json_decref(value);
}

static void values(void **state)
{
	(void)state;
	assert_value("0", "0");
	assert_value("null", "–");
	assert_value("true", "yes");
	assert_value("1.23456", "1.235");
	assert_value("4294967295.0", "4294967295");
	assert_value("[1, \"<\"]", "1, &lt;");
	assert_value("{\"a\": {\"b\": 1, \"c\": 2}}", "a: b: 1, c: 2");
	assert_value("{\"a<\": \"b\", \"c\": {\"d\": false}}",
		     "<div class=\"lines\">a&lt;: b<br>c: d: no</div>");
}

/* Ranges from one value to ten decades: labels that fit and can be told from each other. */
static void ticks(void **state)
{
	(void)state;
	for (double low = 0.5; low < 4e9; low *= 1.7)
		for (double ratio = 1.02; low * ratio < 1e10; ratio *= 1.3) {
			double ticks[CHART_TICKS], high = low * ratio;
			size_t count = chart_ticks(low, high, 346, ticks);
			double end = -100;

			if (floor(high) >= ceil(low) && !count)
				fail_msg("no tick from %g to %g", low, high);
			for (size_t i = 0; i < count; i++) {
				char label[32];
				double x = 346 * log(ticks[i] / low) / log(ratio);
				double half = 6 * strlen(chart_label(ticks[i], label)) / 2.0;

				if (ticks[i] < low || ticks[i] > high || x - half < end)
					fail_msg("tick %s from %g to %g", label, low, high);
				end = x + half;
			}
		}
}

static void labels(void **state)
{
	char label[32];

	(void)state;
	assert_string_equal(chart_label(950, label), "950");
	assert_string_equal(chart_label(1000, label), "1k");
	assert_string_equal(chart_label(3320, label), "3320");
	assert_string_equal(chart_label(1500000, label), "1.5M");
	assert_string_equal(chart_label(2e9, label), "2G");
}

static void histograms(void **state)
{
	static const struct {
		const char *histogram;
		bool good;
	} cases[] = {
		{"[[0, 1], [127, 2], [256, 3], [4294967295, 1]]", true},
		{"[]", false},
		{"{}", false},
		{"7", false},
		{"[7]", false},
		{"[[1]]", false},
		{"[[1, 0]]", false},
		{"[[1, -1]]", false},
		{"[[-1, 1]]", false},
		{"[[1, 1.5]]", false},
		{"[[5, 1], [4, 1]]", false},
		{"[[256, 1], [257, 1]]", false}, /* in the same bin */
		{"[[4294967296, 1]]", false},
		{"[[9223372036854775807, 9223372036854775807]]", false},
	};
	struct distribution distribution;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *row = json_pack("{s:o}", "histogram",
					json_loads(cases[i].histogram, 0, NULL) ?: json_integer(7));

		if (distribution_read(row, &distribution) != cases[i].good)
			fail_msg("%s", cases[i].histogram);
		if (cases[i].good) {
			assert_int_equal(distribution.samples, 7);
			assert_int_equal(distribution.bins[2].high, 258);
		}
		distribution_free(&distribution);
		json_decref(row);
	}
	for (unsigned int bin = 0; bin < HISTOGRAM_BINS; bin++) {
		assert_int_equal(histogram_bin(histogram_low(bin)), bin);
		assert_int_equal(histogram_bin(histogram_low(bin + 1) - 1), bin);
	}
}

static json_t *golden(void)
{
	json_t *summary;

	assert_int_equal(json_file_read(GOLDEN, "summary.json", &summary), 0);
	assert_non_null(summary);
	return summary;
}

/* The counts of a row's bins add up to its samples. */
static void all_samples(void **state)
{
	json_t *summary = golden(), *row;
	size_t i, rows = 0;

	(void)state;
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		struct distribution distribution;
		json_t *n = json_object_get(row, "n");

		assert_int_equal(distribution_read(row, &distribution), n != NULL);
		assert_int_equal(distribution.samples, json_integer_value(n));
		rows += n != NULL;
		distribution_free(&distribution);
	}
	assert_true(rows > 10);
	json_decref(summary);
}

/* Rows that hold nothing but one value still have a range to lie in. */
static void ranges(void **state)
{
	json_t *rows = json_loads("[{\"min\": 4, \"max\": 4}, {\"id\": \"waived\"}]", 0, NULL);
	struct chart_range range;

	(void)state;
	assert_true(chart_range_of(rows, &range));
	assert_true(range.low == 4 && range.high > 4);
	json_array_remove(rows, 0);
	assert_false(chart_range_of(rows, &range));
	json_decref(rows);
}

/* Any member of the tree, as it comes: counts down `left`, gives the one that is reached. */
static bool replace(json_t *tree, unsigned int *left, json_t *odd)
{
	const char *key;
	json_t *value;
	size_t i;
	void *next;

	json_object_foreach_safe(tree, next, key, value)
	{
		if (!(*left)--)
			return !json_object_set(tree, key, odd);
		if (replace(value, left, odd))
			return true;
	}
	json_array_foreach (tree, i, value) {
		if (!(*left)--)
			return !json_array_set(tree, i, odd);
		if (replace(value, left, odd))
			return true;
	}
	return false;
}

static void assert_page(const json_t *summary)
{
	struct index_entry entries[] = {
		{(char *)"host", (char *)"b", (json_t *)summary, NULL, (char *)"report.html"},
		{(char *)"host", (char *)"a", (json_t *)summary, NULL, NULL},
		{(char *)"host", (char *)"c", NULL, (char *)"<why>", NULL},
	};
	const struct index index = {entries, ARRAY_SIZE(entries)};
	FILE *out = begin_text();

	report_html(summary, out);
	index_page(&index, out);
	fclose(out);
	if (strstr(text, "<script") || strstr(text, "nan\"") || strstr(text, "nan ") ||
	    strstr(text, "inf ") || strstr(text, "-inf"))
		fail_msg("%s", text);
	free(text);
}

/* One member after the other is something else; the page is made, and nothing odd is in it. */
static void odd_summaries(void **state)
{
	static const char *const odd[] = {"\"<script>\"", "null", "-9223372036854775807",
					  "1e300",	  "[[]]", "{\"<script>\": 1}"};
	unsigned int members = 0;

	(void)state;
	for (bool more = true; more; members += 7) {
		json_t *summary = golden(), *value;
		unsigned int left = members;

		value = json_loads(odd[members % ARRAY_SIZE(odd)], JSON_DECODE_ANY, NULL);
		assert_non_null(value);
		more = replace(summary, &left, value);
		assert_page(summary);
		json_decref(value);
		json_decref(summary);
	}
	assert_true(members > 1000);
}

/* What chart_over_time() draws of values at 0, 1, 2 s; the caller frees it. */
static char *over_time(const char *values)
{
	json_t *seconds = json_loads("[0, 1, 2]", 0, NULL), *of = json_loads(values, 0, NULL);
	FILE *out = begin_text();

	chart_over_time(seconds, of, "<MEM>", "MB", out);
	fclose(out);
	json_decref(seconds);
	json_decref(of);
	return text;
}

static void over_times(void **state)
{
	static const char *const nothing[] = {"[]", "[1]", "[1, 2]", "[1, 2, 3, 4]", "{}"};
	char *svg = over_time("[0, 50, 100]");

	(void)state;
	/* From 0 at the bottom; the middle value in the middle. */
	assert_non_null(strstr(svg, "d=\"M42.0 128.0L206.8 71.8L371.5 15.6\""));
	assert_non_null(strstr(svg, "<title>&lt;MEM&gt; over 2 s, 100 MB at most</title>"));
	free(svg);
	/* Nothing to see is no reason for a number that is none. */
	svg = over_time("[0, 0, 0]");
	assert_non_null(strstr(svg, "d=\"M42.0 128.0L206.8 128.0L371.5 128.0\""));
	assert_null(strstr(svg, "nan"));
	free(svg);
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
		svg = over_time(nothing[i]);
		assert_string_equal(svg, "");
		free(svg);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_times),	 cmocka_unit_test(text_stays_text),
		cmocka_unit_test(values),	 cmocka_unit_test(ticks),
		cmocka_unit_test(labels),	 cmocka_unit_test(histograms),
		cmocka_unit_test(all_samples),	 cmocka_unit_test(ranges),
		cmocka_unit_test(odd_summaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
