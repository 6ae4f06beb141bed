// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Charts of a line's height, and the ticks of an axis. */
#include <math.h>
#include <string.h>

#include "chart.h"
#include "html.h"
#include "json_file.h"
#include "util.h"

const char *chart_label(double value, char text[32])
{
	static const struct {
		double unit;
		const char *suffix;
	} prefixes[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		double unit = prefixes[i].unit;

		/* 1.5M, but 1234567 as it is. */
		if (value >= unit && fmod(value, unit / 10) == 0) {
			snprintf(text, 32, "%.10g%s", value / unit, prefixes[i].suffix);
			return text;
		}
	}
	snprintf(text, 32, "%.10g", value);
	return text;
}

/* Would the labels touch? A character is 6.5 pixels wide or less. */
static bool side_by_side(const double *ticks, size_t count, double low, double high, double pixels)
{
	double end = -INFINITY;

	for (size_t i = 0; i < count; i++) {
		char label[32];
		double half = 6.5 * strlen(chart_label(ticks[i], label)) / 2;
		double x = pixels * log(ticks[i] / low) / log(high / low);

		if (x - half < end)
			return false;
		end = x + half + 6;
	}
	return true;
}

/* The multiples of a step; 0 where there is no room for them. */
static size_t even_ticks(double low, double high, double step, double ticks[CHART_TICKS])
{
	size_t count = 0;

	for (double tick = ceil(low / step) * step; tick <= high; tick += step) {
		if (count == CHART_TICKS)
			return 0;
		ticks[count++] = tick;
	}
	return count;
}

/* These digits of each decade, or of every so manyth one; 0 where there is no room for them. */
static size_t decade_ticks(double low, double high, const char *digits, int every,
			   double ticks[CHART_TICKS])
{
	size_t count = 0;

	for (int decade = 0; pow(10, decade) <= high; decade += every)
		for (const char *digit = digits; *digit; digit++) {
			double tick = (*digit - '0') * pow(10, decade);

			if (tick < low || tick > high)
				continue;
			if (count == CHART_TICKS)
				return 0;
			ticks[count++] = tick;
		}
	return count;
}

size_t chart_ticks(double low, double high, double pixels, double ticks[CHART_TICKS])
{
	static const struct {
		const char *digits;
		int every;
	} decades[] = {{"1235", 1}, {"125", 1}, {"13", 1}, {"1", 1}, {"1", 2}, {"1", 3}};
	size_t count;

	for (size_t i = 0; high / low > 8 && i < ARRAY_SIZE(decades); i++) {
		count = decade_ticks(low, high, decades[i].digits, decades[i].every, ticks);
		if (count && side_by_side(ticks, count, low, high, pixels))
			return count;
	}
	/* A narrow range: 1, 2, 5, 10, 20, ... apart. */
	for (double decade = 1; decade <= high; decade *= 10)
		for (int digit = 1; digit <= 5; digit += digit == 2 ? 3 : 1) {
			count = even_ticks(low, high, digit * decade, ticks);
			if (count && side_by_side(ticks, count, low, high, pixels))
				return count;
		}
	return 0;
}

static double number(const json_t *row, const char *key)
{
	return fmax(json_number_value(json_object_get(row, key)), 0.5);
}

bool chart_range_of(const json_t *rows, struct chart_range *range)
{
	const json_t *row;
	size_t i;

	*range = (struct chart_range){INFINITY, 0};
	json_array_foreach (rows, i, row) {
		if (!json_is_number(json_object_get(row, "max")))
			continue;
		range->low = fmin(range->low, number(row, "min"));
		range->high = fmax(range->high, number(row, "max"));
	}
	if (!range->high)
		return false;
	if (range->low == range->high)
		range->high++;
	return true;
}

#define STRIP_WIDTH  160
#define STRIP_HEIGHT 14

void chart_strip(const json_t *row, const struct chart_range *range, FILE *out)
{
	static const char *const keys[] = {"min", "p50", "p99", "max"};
	double x[ARRAY_SIZE(keys)], middle = STRIP_HEIGHT / 2.0;

	if (!json_is_number(json_object_get(row, "max")))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		x[i] = STRIP_WIDTH * log(number(row, keys[i]) / range->low) /
		       log(range->high / range->low);
	fprintf(out,
		"<svg class=\"strip\" viewBox=\"-2 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\"><title>min %.10g, p50 %.10g, "
		"p99 %.10g, max %.10g",
		STRIP_WIDTH + 4, STRIP_HEIGHT, json_number_value(json_object_get(row, keys[0])),
		json_number_value(json_object_get(row, keys[1])),
		json_number_value(json_object_get(row, keys[2])),
		json_number_value(json_object_get(row, keys[3])));
	html_printf(out, " %s", json_text(row, "unit"));
	fprintf(out,
		"</title><path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/><path class=\"body\" "
		"d=\"M%.1f %.1fH%.1f\"/><path class=\"median\" d=\"M%.1f 1V%d\"/></svg>",
		x[0], middle, x[3], x[1], middle, x[2], x[1], STRIP_HEIGHT - 1);
}

#define COURSE_WIDTH  160
#define COURSE_HEIGHT 36

void chart_course(const double *values, size_t count, const char *label, FILE *out)
{
	double low = values[0], high = values[0], middle, half;
	double step = (COURSE_WIDTH - 8.0) / (count - 1);

	for (size_t i = 1; i < count; i++) {
		low = fmin(low, values[i]);
		high = fmax(high, values[i]);
	}
	middle = (low + high) / 2;
	half = fmax(fmax(high - low, 0.1 * fabs(middle)) / 2, 0.5);
	fprintf(out, "<svg class=\"course\" viewBox=\"0 0 %d %d\" role=\"img\"><title>",
		COURSE_WIDTH, COURSE_HEIGHT);
	html_text(label, out);
	fputs("</title><path class=\"curve\" d=\"", out);
	for (size_t i = 0; i < count; i++) {
		double part = (values[i] - middle + half) / (2 * half);

		fprintf(out, "%s%.1f %.1f", i ? "L" : "M", 4 + i * step,
			COURSE_HEIGHT - 4 - part * (COURSE_HEIGHT - 8));
	}
	fputs("\"/></svg>", out);
}
