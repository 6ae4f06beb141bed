// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Scores worked out by hand: what a row, a metric, a category and the whole are worth, what is not
 * counted, and which reference is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../json_file.h"
#include "../scores.h"
#include "../util.h"

/* A row of a run; verdict "ok" has a median. */
struct row {
	const char *id, *unit, *better, *verdict;
	double median;
};

static json_t *summary_of(const struct row *rows, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		char metric[32], category[32];
		json_t *object;

		snprintf(metric, sizeof(metric), "%.*s", (int)strcspn(row->id, "."), row->id);
		snprintf(category, sizeof(category), "%.*s", (int)strcspn(row->id, "-"), row->id);
		object = json_pack(
			"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", row->id, "metric",
			metric, "category", category, "name", "a name", "unit", row->unit, "better",
			row->better, "clock", "device", "verdict", row->verdict, "reason",
			strcmp(row->verdict, "WAIVED") || row->median < 0 ? "" : "planned");
		if (!strcmp(row->verdict, "ok") && !isnan(row->median))
			json_object_set_new(object, strcmp(metric, "IS-005") ? "p50" : "max",
					    json_real(row->median));
		json_array_append_new(array, object);
	}
	return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:o}", "kind", "gpu", "host", "here",
			 "time", "2026-11-21T12:00:00Z", "setup", "gpu", "NVIDIA H200", "system",
			 "native", "rows", array);
}

static const json_t *category(const json_t *scores, const char *id)
{
	const json_t *found = json_find(json_object_get(scores, "categories"), "category", id);

	assert_non_null(found);
	return found;
}

static const json_t *metric(const json_t *scores, const char *id)
{
	const json_t *found = json_find(json_object_get(scores, "metrics"), "metric", id);

	assert_non_null(found);
	return found;
}

static void assert_score(const json_t *object, const char *key, double score)
{
	const json_t *value = json_object_get(object, key);

	if (isnan(score)) {
		assert_true(json_is_null(value));
		return;
	}
	assert_true(json_is_number(value));
	if (fabs(json_number_value(value) - score) > 0.00006)
		fail_msg("%s is %g, not %g", key, json_number_value(value), score);
}

/* One row beside that of the reference. */
static void rows_by_hand(void **state)
{
	static const struct {
		const char *id, *unit, *better;
		double base, with, score;
	} cases[] = {
		{"OH-001", "us", "lower", 2, 2, 1},
		{"OH-001", "us", "lower", 2, 4, 0.5},
		{"OH-001", "us", "lower", 2, 1, 1},
		{"OH-001", "us", "lower", 2, 2.5, 0.8},
		{"BW-001", "GB/s", "higher", 4000, 3000, 0.75},
		{"BW-001", "GB/s", "higher", 4000, 5000, 1},
		{"BW-001", "GB/s", "higher", 0, 5000, NAN},
		{"BW-001", "GB/s", "higher", 4000, 0, NAN},
		{"IS-006", "%", "lower", 0, 50, 0.5},
		{"IS-006", "%", "lower", 50, 10, 1},
		{"IS-006", "%", "lower", 0, 250, 0},
		{"IS-006", "%", "lower", 0, NAN, NAN},
		{"IS-006", "%", "lower", NAN, 0, NAN},
		{"CACHE-001", "%", "higher", 95, 70, 0.75},
		{"CACHE-001", "%", "higher", 95, 99, 1},
		{"IS-005", "1", "lower", 0, 0, 1},
		{"IS-005", "1", "lower", 0, 4096, 0},
		{"IS-005", "1", "lower", 4096, 0, 1},
		{"IS-007", "1", "lower", 0.01, 0.11, 0.9},
		{"IS-008", "1", "higher", 1, 0.25, 0.25},
		/* less than 50 ns is within what a launch varies by */
		{"OH-007", "ns", "lower", -10, 40, 1},
		{"OH-007", "ns", "lower", -10, 200, 0.25},
		{"OH-007", "ns", "lower", 200, 400, 0.5},
		{"OH-007", "ns", "lower", 200, -300, 1},
		{"SCHED-004", "us", "lower", -1, 4, 1},
		{"SCHED-004", "us", "lower", -1, 50, 0.1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct row base = {cases[i].id, cases[i].unit, cases[i].better, "ok",
					 cases[i].base};
		const struct row with = {cases[i].id, cases[i].unit, cases[i].better, "ok",
					 cases[i].with};
		json_t *reference = summary_of(&base, 1), *summary = summary_of(&with, 1);
		json_t *scores = scores_of(summary, reference);

		assert_non_null(scores);
		assert_score(metric(scores, cases[i].id), "score", cases[i].score);
		assert_score(scores, "total", cases[i].score);
		json_decref(scores);
		json_decref(summary);
		json_decref(reference);
	}
}

/* The two runs of all that is below. */
static const struct row reference_rows[] = {
	{"OH-001", "us", "lower", "ok", 2},	     {"OH-002.2KiB", "us", "lower", "ok", 1},
	{"OH-002.1GiB", "us", "lower", "ok", 400},   {"OH-004", "us", "lower", "ok", 100},
	{"OH-005", "ns", "lower", "WAIVED", -1},     {"IS-006", "%", "lower", "ok", 10},
	{"IS-010", "ms", "lower", "ok", 5},	     {"BW-001.1", "GB/s", "higher", "ok", 4000},
	{"BW-001.8", "GB/s", "higher", "FAILED", 0}, {"FRAG-001", "%", "lower", "ok", 1},
	{"LLM-001", "1/s", "higher", "WAIVED", 0},
};
static const struct row run_rows[] = {
	{"OH-001", "us", "lower", "ok", 2.5},	    /* 0.8 */
	{"OH-002.2KiB", "us", "lower", "ok", 4},    /* 0.25 */
	{"OH-002.1GiB", "us", "lower", "ok", 400},  /* 1: the metric is the root of 0.25 */
	{"OH-004", "us", "lower", "WAIVED", -1},    /* not counted */
	{"OH-005", "ns", "lower", "ok", 300},	    /* WAIVED in the reference */
	{"IS-006", "%", "lower", "ok", 30},	    /* 0.8 */
	{"IS-010", "ms", "lower", "FAILED", 0},	    /* 0 */
	{"BW-001.1", "GB/s", "higher", "ok", 3600}, /* 0.9 */
	{"BW-001.8", "GB/s", "higher", "ok", 3600}, /* no number in the reference */
	{"LLM-001", "1/s", "higher", "WAIVED", 0},  /* planned */
};

static void a_run_by_hand(void **state)
{
	static const struct {
		const char *category, *grade, *worst;
		double score, weight;
		int counted, metrics;
	} cases[] = {
		/* (0.8 + 0.5) / 2 */
		{"OH", "D", "OH-002", 0.65, 1, 2, 4},
		/* (0.8 + 0) / 2 */
		{"IS", "F", "IS-010", 0.4, 1, 2, 2},
		{"BW", "B", "BW-001", 0.9, 1, 1, 1},
		{"FRAG", NULL, NULL, NAN, 0, 0, 1},
		{"LLM", NULL, NULL, NAN, 0, 0, 1},
	};
	static const char *const reasons[][2] = {
		{"OH-001", ""},
		{"OH-004", "WAIVED"},
		{"OH-005", "WAIVED in the reference"},
		{"IS-010", "FAILED"},
		{"FRAG-001", "not in this run"},
		{"LLM-001", "planned"},
	};
	json_t *reference = summary_of(reference_rows, ARRAY_SIZE(reference_rows));
	json_t *summary = summary_of(run_rows, ARRAY_SIZE(run_rows));
	json_t *scores = scores_of(summary, reference);

	(void)state;
	assert_non_null(scores);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const json_t *found = category(scores, cases[i].category);

		assert_score(found, "score", cases[i].score);
		assert_score(found, "weight", cases[i].weight);
		assert_score(found, "counted", cases[i].counted);
		assert_score(found, "metrics", cases[i].metrics);
		if (!cases[i].grade) {
			assert_true(json_is_null(json_object_get(found, "grade")));
			assert_true(json_is_null(json_object_get(found, "worst")));
			continue;
		}
		assert_string_equal(json_text(found, "grade"), cases[i].grade);
		assert_string_equal(json_text(found, "worst"), cases[i].worst);
	}
	/* (0.65 + 0.4 + 0.9) / 3 */
	assert_score(scores, "total", 0.65);
	assert_string_equal(json_text(scores, "grade"), "D");
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		assert_string_equal(json_text(metric(scores, reasons[i][0]), "reason"),
				    reasons[i][1]);
	assert_string_equal(json_text(json_object_get(scores, "reference"), "run"),
			    "20261121T120000Z-gpu");
	json_decref(scores);
	json_decref(summary);
	json_decref(reference);
}

/* Each form says what was not counted, and why. */
static void scores_are_printed(void **state)
{
	static const char *const words[] = {
		"0.650",
		"2 of 4",
		"5 of 9",
		"OH-002 0.500",
		"LLM, FRAG: nothing there counts",
		"not counted, WAIVED: OH-004",
		"not counted, planned: 1 metric",
		"counted as 0, FAILED: IS-010",
		"A+ from 0.98, A 0.95",
		"20261121T120000Z-gpu on here",
	};
	void (*const prints[])(const json_t *, FILE *) = {scores_table, scores_markdown};
	json_t *reference = summary_of(reference_rows, ARRAY_SIZE(reference_rows));
	json_t *summary = summary_of(run_rows, ARRAY_SIZE(run_rows));
	size_t size;
	char *text;
	FILE *out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(prints); i++) {
		out = open_memstream(&text, &size);
		json_object_del(summary, "scores");
		prints[i](summary, out);
		fflush(out);
		assert_int_equal(size, 0);
		json_object_set_new(summary, "scores", scores_of(summary, reference));
		prints[i](summary, out);
		fclose(out);
		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			if (!strstr(text, words[k]))
				fail_msg("\"%s\" is not in:\n%s", words[k], text);
		free(text);
	}
	json_decref(summary);
	json_decref(reference);
}

static void grades(void **state)
{
	static const struct {
		double score;
		const char *grade;
	} cases[] = {{1, "A+"},	    {0.98, "A+"}, {0.9799, "A"}, {0.95, "A"},
		     {0.9499, "B"}, {0.85, "B"},  {0.8499, "C"}, {0.70, "C"},
		     {0.6999, "D"}, {0.50, "D"},  {0.4999, "F"}, {0, "F"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(scores_grade(cases[i].score), cases[i].grade);
}

/* Does a reference with another GPU, or of another kind, give one line and no scores? */
static void other_references_are_refused(void **state)
{
	static const struct {
		const char *gpu, *kind, *message; /* NULL: it is taken */
	} cases[] = {
		{"NVIDIA H200", "gpu", NULL},
		{"NVIDIA H200 MIG 1g.18gb", "gpu", NULL},
		{"NVIDIA H2000", "gpu", "of another GPU, NVIDIA H2000, not NVIDIA H200;"},
		{"NVIDIA\033[31m", "gpu", "of another GPU"},
		{"NVIDIA H200", "vmexit", "must both be GPU runs"},
	};
	FILE *lines = tmpfile();
	int saved = dup(STDERR_FILENO);

	(void)state;
	assert_non_null(lines);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *summary = summary_of(run_rows, ARRAY_SIZE(run_rows));
		json_t *reference = summary_of(reference_rows, ARRAY_SIZE(reference_rows)), *scores;
		char text[512] = "";

		json_object_set_new(json_object_get(reference, "setup"), "gpu",
				    json_string(cases[i].gpu));
		json_object_set_new(reference, "kind", json_string(cases[i].kind));
		assert_int_equal(ftruncate(fileno(lines), 0), 0);
		lseek(fileno(lines), 0, SEEK_SET);
		fflush(stderr);
		dup2(fileno(lines), STDERR_FILENO);
		scores = scores_of(summary, reference);
		fflush(stderr);
		dup2(saved, STDERR_FILENO);
		assert_true(pread(fileno(lines), text, sizeof(text) - 1, 0) >= 0);
		assert_int_equal(scores == NULL, cases[i].message != NULL);
		assert_null(strchr(text, '\033'));
		if (cases[i].message)
			assert_non_null(strstr(text, cases[i].message));
		else
			assert_string_equal(text, "");
		json_decref(scores);
		json_decref(summary);
		json_decref(reference);
	}
	close(saved);
	fclose(lines);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_by_hand),
		cmocka_unit_test(a_run_by_hand),
		cmocka_unit_test(scores_are_printed),
		cmocka_unit_test(grades),
		cmocka_unit_test(other_references_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
