// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The columns of a comparison, and which of them its rows need. */
#include <math.h>
#include <string.h>

#include "compare.h"
#include "compare_columns.h"
#include "json_file.h"
#include "util.h"

#define UNIT_OF_ROW "of the row"

/* A number to print; "-" where there is none. */
static void number_text(const json_t *value, const char *format, char text[COMPARE_CELL])
{
	if (json_is_number(value))
		snprintf(text, COMPARE_CELL, format, json_number_value(value));
	else
		snprintf(text, COMPARE_CELL, "-");
}

static const json_t *median_of(const json_t *row, const char *side)
{
	return json_object_get(json_object_get(row, side), "p50");
}

/*
 * The format of the row's medians and of what is in their unit: integers as they are; real ones,
 * and means of several runs, all with as many places as leave the larger four digits or more.
 */
static const char *row_format(const json_t *row, bool is_signed)
{
	static const char *const formats[][2] = {
		{"%.10g", "%+.10g"}, {"%.4g", "%+.4g"}, {"%.4f", "%+.4f"}, {"%.3f", "%+.3f"},
		{"%.2f", "%+.2f"},   {"%.1f", "%+.1f"}, {"%.0f", "%+.0f"}};
	const json_t *base = median_of(row, "base"), *with = median_of(row, "with");
	double size = fmax(fabs(json_number_value(base)), fabs(json_number_value(with)));
	size_t which;

	if (!json_is_real(base) && !json_is_real(with))
		which = 0;
	else if ((size > 0 && size < 0.001) || size >= 1e9)
		which = 1;
	else
		which = size < 10 ? 2 : size < 100 ? 3 : size < 1000 ? 4 : size < 1e4 ? 5 : 6;
	return formats[which][is_signed];
}

static void median_text(const json_t *row, const char *side, char text[COMPARE_CELL])
{
	const json_t *median = median_of(row, side);

	number_text(median, json_number_value(median) == 0 ? "%.0f" : row_format(row, false), text);
}

static void base_text(const json_t *row, char text[COMPARE_CELL])
{
	median_text(row, "base", text);
}

static void with_text(const json_t *row, char text[COMPARE_CELL])
{
	median_text(row, "with", text);
}

/* A change of the row, in its unit; zero has no sign, nor has what is none in so many places. */
static void signed_text(const json_t *row, const json_t *change, char text[COMPARE_CELL])
{
	number_text(change, json_number_value(change) == 0 ? "%.0f" : row_format(row, true), text);
	if (json_is_number(change) && !text[strcspn(text, "123456789")])
		snprintf(text, COMPARE_CELL, "0");
}

static void change_text(const json_t *row, char text[COMPARE_CELL])
{
	signed_text(row, json_object_get(row, "change"), text);
}

static const char *ratio_format(double ratio)
{
	return ratio < 1000 ? "%.4f" : "%.4g";
}

static void ratio_text(const json_t *row, char text[COMPARE_CELL])
{
	const json_t *ratio = json_object_get(row, "ratio");

	number_text(ratio, ratio_format(json_number_value(ratio)), text);
}

/* The interval of the ratio, or of the change where there is no ratio; NULL: neither is there. */
static const json_t *interval_of(const json_t *row)
{
	return json_object_get(row, json_object_get(row, "ratio") ? "ratio_ci95" : "change_ci95");
}

static void interval_text(const json_t *row, char text[COMPARE_CELL])
{
	const json_t *interval = interval_of(row);
	bool ratio = json_object_get(row, "ratio");
	char ends[2][COMPARE_CELL];

	snprintf(text, COMPARE_CELL, "-");
	if (!json_is_array(interval))
		return;
	for (size_t i = 0; i < 2; i++) {
		const json_t *end = json_array_get(interval, i);

		if (ratio)
			number_text(end, ratio_format(json_number_value(end)), ends[i]);
		else
			signed_text(row, end, ends[i]);
	}
	snprintf(text, COMPARE_CELL, "%.20s to %.20s", ends[0], ends[1]);
}

static void unit_text(const json_t *row, char text[COMPARE_CELL])
{
	snprintf(text, COMPARE_CELL, "%.20s", json_text(row, "unit"));
}

/* What change is of no interest: "5 %" of the base, or "50 ns"; pp are percentage points. */
static void margin_text(const json_t *row, char text[COMPARE_CELL])
{
	const json_t *margin = json_object_get(row, "margin");
	const char *unit = json_text(row, "unit");
	double value = json_number_value(margin);

	if (!margin)
		snprintf(text, COMPARE_CELL, "-");
	else if (json_object_get(row, "ratio"))
		snprintf(text, COMPARE_CELL, "%.4g %%", 100 * value);
	else if (!strcmp(unit, "1"))
		snprintf(text, COMPARE_CELL, "%.4g", value);
	else
		snprintf(text, COMPARE_CELL, "%.4g %.20s", value, strcmp(unit, "%") ? unit : "pp");
}

const char *compare_verdict(const json_t *row, char text[COMPARE_CELL])
{
	const char *verdict = json_text(row, "verdict"), *reason = json_text(row, "reason");
	bool compared = json_is_number(json_object_get(row, "change"));

	snprintf(text, COMPARE_CELL, compared && reason[0] ? "%.12s, %.33s" : "%.12s", verdict,
		 reason);
	return text;
}

/* Has an interval of these rows a width, or a row none? */
static bool has_intervals(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const json_t *interval = interval_of(row);

		if (json_is_number(json_object_get(row, "change")) &&
		    !json_equal(json_array_get(interval, 0), json_array_get(interval, 1)))
			return true;
	}
	return false;
}

const char *compare_unit(const json_t *rows)
{
	const char *unit = json_text(json_array_get(rows, 0), "unit");
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (strcmp(json_text(row, "unit"), unit))
			return UNIT_OF_ROW;
	}
	return unit;
}

static bool has_units(const json_t *rows)
{
	return !strcmp(compare_unit(rows), UNIT_OF_ROW);
}

bool compare_has_margins(const json_t *rows)
{
	const json_t *row, *other, *first = NULL;
	size_t i;

	json_array_foreach (rows, i, row) {
		other = json_object_get(row, "margin");
		if (!other)
			continue;
		if (!json_object_get(row, "ratio") || (first && !json_equal(first, other)))
			return true;
		first = other;
	}
	return false;
}

const struct compare_column compare_columns[] = {
	{"unit", 5, unit_text, has_units},
	{"base p50", 10, base_text, NULL},
	{"p50", 10, with_text, NULL},
	{"change", 9, change_text, NULL},
	{"ratio", 8, ratio_text, NULL},
	{"95 % interval", 18, interval_text, has_intervals},
	{"margin", 7, margin_text, compare_has_margins},
};

const size_t compare_column_count = ARRAY_SIZE(compare_columns);

bool compare_column_shown(const struct compare_column *column, const json_t *rows)
{
	return !column->shown || column->shown(rows);
}
