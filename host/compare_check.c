// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which runs must not be compared: a ratio of their numbers would say nothing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "json_file.h"
#include "util.h"

/* TSCs further apart are different clocks; a guest measures the same one to far less. */
#define TSC_TOLERANCE 0.001

/* Refuses a pair of runs for values that differ. -1. */
static int refuse_pair(const struct side_run *a, const struct side_run *b, const char *what,
		       const char *value_a, const char *value_b)
{
	return refuse("%s differ: %s in %s, %s in %s: not to be compared", what, value_a, a->path,
		      value_b, b->path);
}

/* A boolean that may be null. */
static const char *yes_no(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "unknown";
}

/* The clocks: of one kind, neither of an emulator that does not count, cycles of one length. */
static int check_clocks(const struct side_run *a, const struct side_run *b)
{
	const json_t *khz_a = json_object_get(json_object_get(a->summary, "setup"), "tsc_khz");
	const json_t *khz_b = json_object_get(json_object_get(b->summary, "setup"), "tsc_khz");
	const char *clock = json_text(a->summary, "clock");
	char text_a[32], text_b[32];

	if (strcmp(clock, json_text(b->summary, "clock")))
		return refuse_pair(a, b, "the clocks", clock, json_text(b->summary, "clock"));
	if (strcmp(yes_no(a->summary, "emulated"), yes_no(b->summary, "emulated")))
		return refuse_pair(a, b, "what is emulated of the hosts",
				   yes_no(a->summary, "emulated"), yes_no(b->summary, "emulated"));
	if (strcmp(clock, "insn") && json_is_true(json_object_get(a->summary, "emulated")))
		return refuse(
			"%s: times under emulation mean nothing and are not compared; %s", a->path,
			summary_is_of_gpu(a->summary) ? "there was no GPU behind them"
						      : "make boot ACCEL=lab counts instructions");
	if (strcmp(clock, "tsc") || !json_is_integer(khz_a) || !json_is_integer(khz_b) ||
	    fabs(json_number_value(khz_a) - json_number_value(khz_b)) <=
		    TSC_TOLERANCE * fabs(json_number_value(khz_a)))
		return 0;
	snprintf(text_a, sizeof(text_a), "%" JSON_INTEGER_FORMAT " kHz", json_integer_value(khz_a));
	snprintf(text_b, sizeof(text_b), "%" JSON_INTEGER_FORMAT " kHz", json_integer_value(khz_b));
	return refuse_pair(a, b, "the cycles", text_a, text_b);
}

/* Lists the rows of one run that the other lacks; whether there are any. */
static bool only_in(const struct side_run *a, const struct side_run *b, FILE *out)
{
	const json_t *row;
	bool any = false;
	size_t i;

	json_array_foreach (json_object_get(a->summary, "rows"), i, row) {
		if (summary_row(b->summary, json_text(row, "id")))
			continue;
		if (any)
			fprintf(out, ", %s", json_text(row, "id"));
		else
			fprintf(out, "; only in %s: %s", a->path, json_text(row, "id"));
		any = true;
	}
	return any;
}

static int check_rows(const struct side_run *a, const struct side_run *b, bool common)
{
	const json_t *row;
	char *text = NULL;
	size_t i, size;
	bool differ;
	FILE *out;

	json_array_foreach (json_object_get(a->summary, "rows"), i, row) {
		static const char *const keys[] = {"unit", "better"};
		const json_t *other = summary_row(b->summary, json_text(row, "id"));

		for (size_t k = 0; other && k < ARRAY_SIZE(keys); k++) {
			char what[128];

			snprintf(what, sizeof(what), "%.100s: %s", json_text(row, "id"), keys[k]);
			if (strcmp(json_text(row, keys[k]), json_text(other, keys[k])))
				return refuse_pair(a, b, what, json_text(row, keys[k]),
						   json_text(other, keys[k]));
		}
	}
	if (common)
		return 0;
	out = open_memstream(&text, &size);
	if (!out)
		die("no memory for a text");
	differ = only_in(a, b, out) | only_in(b, a, out);
	fclose(out);
	if (differ)
		refuse("the rows differ%s; --common compares those that all have", text);
	free(text);
	return differ ? -1 : 0;
}

int sides_check(const struct side *sides, size_t count, bool common)
{
	const struct side_run *first = &sides[0].runs[0];

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < sides[i].count; j++) {
			const struct side_run *run = &sides[i].runs[j];
			const char *kind = json_text(first->summary, "kind");

			if (strcmp(kind, json_text(run->summary, "kind")))
				return refuse_pair(first, run, "the kinds", kind,
						   json_text(run->summary, "kind"));
			if (check_clocks(first, run) || check_rows(first, run, common))
				return -1;
		}
	return 0;
}
