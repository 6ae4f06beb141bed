// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* CPU and memory of the tracer over time, a line a case. */
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "json_file.h"
#include "report_gpumem.h"
#include "util.h"

static const char *const colours[] = {"#30609a", "#b03030", "#2f8f4e", "#8a5aa8",
				      "#c07a1c", "#444444", "#1a9aa8", "#a02070"};

static double cpu_of(const struct stress_point *point)
{
	return point->cpu;
}

static double memory_of(const struct stress_point *point)
{
	return point->mb;
}

/* Ten million pointers would flatten all else. */
static const struct plot {
	const char *id, *title, *unit;
	double (*value)(const struct stress_point *point);
	bool live;
} plots_table[] = {
	{"cpu", "CPU of the tracer", "CPU %", cpu_of, false},
	{"memory", "memory of the tracer", "MEM (MB)", memory_of, false},
	{"live-cpu", "CPU of the tracer, 10 million live pointers", "CPU %", cpu_of, true},
	{"live-memory", "memory of the tracer, 10 million live pointers", "MEM (MB)", memory_of,
	 true},
};

static bool is_shown(const struct stress_record *record, size_t i, const struct plot *plot)
{
	const json_t *of = json_array_get(json_object_get(record->run, "cases"), i);

	return record->evidence[i].monitor.count &&
	       !strcmp(json_text(of, "of"), "live") == plot->live;
}

static void print_points(const struct stress_monitor *monitor, size_t number,
			 const struct plot *plot, FILE *out)
{
	fprintf(out, "$case%zu << EOD\n", number);
	for (size_t i = 0; i < monitor->count; i++)
		fprintf(out, "%.3f %.10g\n", monitor->points[i].seconds,
			plot->value(&monitor->points[i]));
	fputs("EOD\n", out);
}

static bool print_plot(const struct stress_record *record, const json_t *summary,
		       const struct plot *plot, FILE *out)
{
	const json_t *rows = json_object_get(summary, "rows");
	const char *separator = "plot ";
	size_t shown = 0;

	for (size_t i = 0; i < record->count; i++)
		if (is_shown(record, i, plot))
			shown++;
	if (!shown)
		return false;
	fprintf(out, "reset\nset title '%s over time, on ", plot->title);
	gnuplot_quoted(json_text(summary, "host"), out);
	fprintf(out,
		"' noenhanced\nset tics nomirror out\nset border 3\nset grid ytics lc rgb '#dddddd'\n"
		"set key outside below horizontal Left reverse noenhanced\n"
		"set xlabel 's'\nset ylabel '%s'\nset yrange [0:*]\nset xrange [0:*]\n",
		plot->unit);
	for (size_t i = 0; i < record->count; i++)
		if (is_shown(record, i, plot))
			print_points(&record->evidence[i].monitor, i, plot, out);
	for (size_t i = 0; i < record->count; i++) {
		if (!is_shown(record, i, plot))
			continue;
		fprintf(out, "%s$case%zu using 1:2 with lines lw 2 lc rgb '%s' title '", separator,
			i, colours[i % ARRAY_SIZE(colours)]);
		gnuplot_quoted(json_text(json_array_get(rows, i), "title"), out);
		fputc('\'', out);
		separator = ", ";
	}
	fputc('\n', out);
	return true;
}

int stress_plot(const void *of, const json_t *summary, struct report_plots *plots)
{
	const struct stress_record *record = of;
	json_t *ids = json_array();
	char *script = NULL;
	size_t size;
	FILE *stream = open_memstream(&script, &size);
	int error;

	if (!stream || !ids)
		die("no memory for a plot");
	fputs("set terminal svg size 900,420 dynamic font 'sans-serif,13' background '#ffffff'\n",
	      stream);
	for (size_t i = 0; i < ARRAY_SIZE(plots_table); i++)
		if (print_plot(record, summary, &plots_table[i], stream))
			json_array_append_new(ids, json_string(plots_table[i].id));
	fclose(stream);
	error = report_plots_draw(script, size, ids, plots);
	free(script);
	json_decref(ids);
	return error;
}
