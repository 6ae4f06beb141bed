// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Axes of real values, and what of a summary lies on one. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart_real.h"
#include "json_file.h"
#include "util.h"

#define WIDE  10    /* high / low from which on an axis is logarithmic */
#define LARGE 1e300 /* beyond, there is no arithmetic */

struct real_axis real_axis_of(double low, double high)
{
	struct real_axis axis;
	double room;

	low = fmax(low, -LARGE);
	high = fmin(high, LARGE);
	axis = (struct real_axis){low, high, low > 0 && high / low > WIDE};
	room = 0.06 * (high - low);
	if (axis.logarithmic) {
		room = exp(fmin(0.06 * (log(high) - log(low)), 1));
		return (struct real_axis){low / room, high * room, true};
	}
	/* Samples that are all alike get a range about them. */
	room = fmax(room, 0.02 * fmax(fabs(low), fabs(high)));
	room = room > 0 ? room : 1;
	return (struct real_axis){low - room, high + room, false};
}

double real_axis_at(const struct real_axis *axis, double value)
{
	value = fmin(fmax(value, axis->low), axis->high);
	if (axis->logarithmic)
		return (log(value) - log(axis->low)) / (log(axis->high) - log(axis->low));
	return (value - axis->low) / (axis->high - axis->low);
}

/* Multiples of 1, 2 or 5 of a power of ten. */
static size_t even_ticks(const struct real_axis *axis, double ticks[REAL_TICKS])
{
	double least = (axis->high - axis->low) / 5, decade = pow(10, floor(log10(least)));
	double step = decade * (least / decade < 2 ? 2 : least / decade < 5 ? 5 : 10);
	size_t count = 0;

	/* + 0: no "-0". */
	for (double n = ceil(axis->low / step); n * step <= axis->high && count < REAL_TICKS; n++)
		ticks[count++] = n * step + 0.0;
	return count;
}

/* 1, 2, 5, 10 and so on, or powers of ten, or every so manyth of these. */
static size_t decade_ticks(const struct real_axis *axis, double ticks[REAL_TICKS])
{
	static const double digits[] = {1, 2, 5};
	double decades = log10(axis->high) - log10(axis->low);
	size_t each = decades < 2.2 ? ARRAY_SIZE(digits) : 1, count = 0;
	double every = fmax(1, ceil(decades / 6));

	for (double decade = floor(log10(axis->low)); pow(10, decade) <= axis->high;
	     decade += every)
		for (size_t i = 0; i < each; i++) {
			double tick = digits[i] * pow(10, decade);

			if (tick >= axis->low && tick <= axis->high && count < REAL_TICKS)
				ticks[count++] = tick;
		}
	return count;
}

size_t real_axis_ticks(const struct real_axis *axis, double ticks[REAL_TICKS])
{
	return axis->logarithmic ? decade_ticks(axis, ticks) : even_ticks(axis, ticks);
}

const char *real_label(double value, char text[32])
{
	double size = fabs(value);
	int digits = size < 1 ? 4 : size < 10 ? 3 : size < 100 ? 2 : size < 1000 ? 1 : 0;

	if (size == 0)
		snprintf(text, 32, "0");
	else if (size < 0.001 || size >= 1e9)
		snprintf(text, 32, "%.4g", value);
	else
		snprintf(text, 32, "%.*f", digits, value);
	return text;
}

const char *real_unit(const json_t *row)
{
	const char *unit = json_text(row, "unit");

	return strcmp(unit, "1") ? unit : "";
}

/* "2KiB", "8" and "quarter" as numbers; NAN for what is none. */
static double point_number(const char *name)
{
	static const struct {
		const char *name;
		double value;
	} words[] = {{"quarter", 0.25}, {"half", 0.5},	  {"full", 1},
		     {"double", 2},	{"quadruple", 4}, {"KiB", 0x1p10},
		     {"MiB", 0x1p20},	{"GiB", 0x1p30},  {"", 1}};
	char *end = (char *)name;
	double number = isdigit((unsigned char)*name) ? strtod(name, &end) : 1;

	for (size_t i = 0; *name && i < ARRAY_SIZE(words); i++)
		if (!strcmp(end, words[i].name))
			return number * words[i].value;
	return NAN;
}

static bool has_numbers(const json_t *row)
{
	return !strcmp(json_text(row, "verdict"), "ok") && json_object_get(row, "p50");
}

bool sweep_read(const json_t *summary, const char *metric, struct sweep *sweep)
{
	const json_t *row;
	size_t i;

	*sweep = (struct sweep){.metric = metric};
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		const char *id = json_text(row, "id"), *dot = strchr(id, '.');
		double value = dot ? point_number(dot + 1) : NAN;

		if (strcmp(json_text(row, "metric"), metric) || !has_numbers(row))
			continue;
		if (isnan(value) || sweep->count == SWEEP_POINTS ||
		    (sweep->count && value <= sweep->points[sweep->count - 1].value))
			return false;
		sweep->points[sweep->count++] = (struct sweep_point){row, dot + 1, value};
	}
	return sweep->count >= 2;
}

bool real_axis_of_metric(const json_t *summary, const char *metric, struct real_axis *axis)
{
	double low = INFINITY, high = -INFINITY;
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (strcmp(json_text(row, "metric"), metric) || !json_object_get(row, "p50"))
			continue;
		low = fmin(low, json_number_value(json_object_get(row, "p1")));
		high = fmax(high, json_number_value(json_object_get(row, "p99")));
	}
	if (low <= high)
		*axis = real_axis_of(low, high);
	return low <= high;
}
