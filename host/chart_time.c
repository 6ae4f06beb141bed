// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>

#include "chart.h"
#include "chart_real.h"
#include "chart_time.h"
#include "html.h"

/* The drawing, in units that are pixels where a chart is as wide as a phone. */
#define WIDTH  400
#define HEIGHT 160
#define LEFT   42
#define RIGHT  (WIDTH - 12)
#define TOP    10
#define BOTTOM (HEIGHT - 32)

static double value_at(const json_t *values, size_t i)
{
	return json_number_value(json_array_get(values, i));
}

/* From 0 to the most, with a little room. */
static struct real_axis axis_of(const json_t *values, double *most)
{
	*most = 0;
	for (size_t i = 0; i < json_array_size(values); i++)
		*most = fmax(*most, value_at(values, i));
	return (struct real_axis){0, *most > 0 ? 1.05 * *most : 1, false};
}

static double x_of(const struct real_axis *axis, double value)
{
	return LEFT + (RIGHT - LEFT) * real_axis_at(axis, value);
}

static double y_of(const struct real_axis *axis, double value)
{
	return BOTTOM - (BOTTOM - TOP) * real_axis_at(axis, value);
}

static void draw_levels(const struct real_axis *axis, FILE *out)
{
	double ticks[REAL_TICKS];
	size_t count = real_axis_ticks(axis, ticks);
	char label[32];

	for (size_t i = 0; i < count; i++)
		fprintf(out,
			"<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
			"text-anchor=\"end\">%s</text>\n",
			LEFT, y_of(axis, ticks[i]), RIGHT, LEFT - 5, y_of(axis, ticks[i]) + 4,
			chart_label(ticks[i], label));
}

static void draw_seconds(const struct real_axis *axis, FILE *out)
{
	double ticks[REAL_TICKS];
	size_t count = real_axis_ticks(axis, ticks);
	char label[32];

	fprintf(out, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", LEFT, BOTTOM, RIGHT);
	for (size_t i = 0; i < count; i++)
		fprintf(out,
			"<path class=\"axis\" d=\"M%.1f %dv4\"/><text x=\"%.1f\" y=\"%d\" "
			"text-anchor=\"middle\">%s</text>\n",
			x_of(axis, ticks[i]), BOTTOM, x_of(axis, ticks[i]), BOTTOM + 16,
			chart_label(ticks[i], label));
	fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">s</text>\n", RIGHT, HEIGHT - 3);
}

void chart_over_time(const json_t *seconds, const json_t *values, const char *title,
		     const char *unit, FILE *out)
{
	size_t count = json_array_size(values);
	struct real_axis time, axis;
	double last, most;

	if (count < 2 || json_array_size(seconds) != count)
		return;
	time = axis_of(seconds, &last);
	axis = axis_of(values, &most);
	fprintf(out, "<svg class=\"chart time\" viewBox=\"0 0 %d %d\" role=\"img\"><title>", WIDTH,
		HEIGHT);
	html_printf(out, "%s over %.3g s, %.3g %s at most", title, last, most, unit);
	fputs("</title>\n", out);
	draw_levels(&axis, out);
	draw_seconds(&time, out);
	fputs("<path class=\"curve\" d=\"", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%.1f %.1f", i ? "L" : "M", x_of(&time, value_at(seconds, i)),
			y_of(&axis, value_at(values, i)));
	fputs("\"/>\n</svg>\n", out);
}
