// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The columns of a comparison, and which of them its rows need. */
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

/* What was measured is printed as it is; a mean of several runs with no more digits than it has. */
static void median_text(const json_t *row, const char *side, char text[COMPARE_CELL])
{
	const json_t *median = json_object_get(json_object_get(row, side), "p50");

	number_text(median, json_is_integer(median) ? "%.10g" : "%.6g", text);
}

static void base_text(const json_t *row, char text[COMPARE_CELL])
{
	median_text(row, "base", text);
}

static void with_text(const json_t *row, char text[COMPARE_CELL])
{
	median_text(row, "with", text);
}

/* Zero has no sign. */
static const char *change_format(double change)
{
	return change == 0 ? "%.0f" : "%+.4g";
}

static void change_text(const json_t *row, char text[COMPARE_CELL])
{
	const json_t *change = json_object_get(row, "change");

	number_text(change, json_number_value(change) == 0 ? "%.0f" : "%+.6g", text);
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

		number_text(end,
			    ratio ? ratio_format(json_number_value(end))
				  : change_format(json_number_value(end)),
			    ends[i]);
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
