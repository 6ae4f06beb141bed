// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The plots of a GPU run, drawn by one gnuplot: a distribution of each row, a line of each sweep.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart_real.h"
#include "gnuplot.h"
#include "json_file.h"
#include "report_gpu.h"
#include "stats_real.h"
#include "util.h"

static double number(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

/* Is the name fit for a file's? Those of gpu/benches.def are. */
static bool is_plain(const char *name)
{
	return *name && *name != '.' &&
	       !name[strspn(name,
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")];
}

/* "OH-002.2KiB, allocation latency: native on HOST". */
static void print_title(const json_t *summary, const char *id, const json_t *row, FILE *out)
{
	fprintf(out, "reset\nset title '%s, ", id);
	gnuplot_quoted(json_text(row, "name"), out);
	fputs(": ", out);
	gnuplot_quoted(json_text(json_object_get(summary, "setup"), "system"), out);
	fputs(" on ", out);
	gnuplot_quoted(json_text(summary, "host"), out);
	if (json_is_true(json_object_get(summary, "emulated")))
		fputs(" (no GPU)", out);
	fputs("' noenhanced\nset tics nomirror out\nset border 3\nset key off\n"
	      "set grid ytics lc rgb '#dddddd'\nset style fill solid 1.0\n",
	      out);
}

/* A dashed line at a percentile, with its value; labels of different height never collide. */
static void print_mark(const json_t *row, const char *key, double height,
		       const struct real_axis *axis, FILE *out)
{
	bool left = real_axis_at(axis, number(row, key)) > 0.8;
	double value = number(row, key);
	char label[32];

	fprintf(out,
		"set arrow from first %.10g, graph 0 to first %.10g, graph %.2f nohead dt 2 lw 1.5 "
		"lc rgb '#b03030' front\nset label '%s %s' at first %.10g, graph %.2f %s "
		"tc rgb '#b03030' front\n",
		value, value, height, key, real_label(value, label), value, height,
		left ? "right offset -0.6,0" : "left offset 0.6,0");
}

static void print_row(const json_t *summary, const json_t *row, FILE *out)
{
	struct real_axis axis = real_axis_of(number(row, "min"), number(row, "max"));
	const json_t *interval = json_object_get(row, "p50_ci95"), *bin;
	double least = (axis.high - axis.low) / 400, most = 1;
	size_t i;

	print_title(summary, json_text(row, "id"), row, out);
	fputs("set xlabel '", out);
	gnuplot_quoted(real_unit(row), out);
	fprintf(out, "%sn = %" JSON_INTEGER_FORMAT ", ", *real_unit(row) ? ", " : "",
		json_integer_value(json_object_get(row, "n")));
	gnuplot_quoted(json_text(row, "verdict"), out);
	fprintf(out,
		"; shaded: 95 %% interval of p50' noenhanced\n"
		"set ylabel 'samples'\n%sset xrange [%.10g:%.10g]\n",
		axis.logarithmic ? "set logscale x\n" : "", axis.low, axis.high);
	fprintf(out,
		"set object rectangle from first %.10g, graph 0 to first %.10g, graph 1 fc rgb "
		"'#f0d8d8' fs solid noborder behind\n",
		json_number_value(json_array_get(interval, 0)),
		json_number_value(json_array_get(interval, 1)));
	print_mark(row, "p50", 0.97, &axis, out);
	print_mark(row, "p99", 0.90, &axis, out);
	fputs("$bins << EOD\n", out);
	json_array_foreach (json_object_get(row, "histogram"), i, bin) {
		double low = json_number_value(json_array_get(bin, 0));
		double above = histogram_real_above(low);
		double samples = json_number_value(json_array_get(bin, 1));

		/* The bin of 0 has no width. */
		if (above <= low)
			above = low + least;
		fprintf(out, "%.10g %.10g %.10g\n", low, above, samples);
		most = fmax(most, samples);
	}
	/* Room for the marks' labels above. */
	fprintf(out,
		"EOD\n%sset yrange [0:%.10g]\nplot $bins using 1:3:1:2:(0):3 with boxxyerror lc rgb "
		"'#30609a'\n",
		most < 6 ? "set ytics 1\n" : "", most * 1.2);
}

static void print_sweep(const json_t *summary, const struct sweep *sweep, FILE *out)
{
	const struct sweep_point *points = sweep->points;
	struct real_axis axis = sweep_axis(sweep);
	double room;
	const char *separator = "set xtics (";

	print_title(summary, sweep->metric, points[0].row, out);
	fputs("set ylabel '", out);
	gnuplot_quoted(real_unit(points[0].row), out);
	fputs("' noenhanced\nset xlabel 'p50 and its 95 % interval, p25 to p75 shaded'\n"
	      "set logscale x\n",
	      out);
	room = pow(points[sweep->count - 1].value / points[0].value, 0.05);
	fprintf(out, "set xrange [%.10g:%.10g]\n", points[0].value / room,
		points[sweep->count - 1].value * room);
	for (size_t i = 0; i < sweep->count; i++) {
		fprintf(out, "%s'%s' %.10g", separator, points[i].name, points[i].value);
		separator = ", ";
	}
	fputs(")\n", out);
	if (axis.logarithmic)
		fputs("set logscale y\n", out);
	else if (axis.low >= 0)
		fputs("set yrange [0:*]\n", out);
	fputs("$points << EOD\n", out);
	for (size_t i = 0; i < sweep->count; i++) {
		const json_t *interval = json_object_get(points[i].row, "p50_ci95");

		fprintf(out, "%.10g %.10g %.10g %.10g %.10g %.10g\n", points[i].value,
			number(points[i].row, "p50"),
			json_number_value(json_array_get(interval, 0)),
			json_number_value(json_array_get(interval, 1)),
			number(points[i].row, "p25"), number(points[i].row, "p75"));
	}
	fputs("EOD\nplot $points using 1:5:6 with filledcurves lc rgb '#c5d4e8', "
	      "$points using 1:2:3:4 with yerrorlines lw 1.5 pt 7 ps 0.5 lc rgb '#30609a'\n",
	      out);
}

void report_gpu_plot_script(const json_t *summary, json_t *ids, FILE *out)
{
	const char *metric = "";
	const json_t *row;
	struct sweep sweep;
	size_t i;

	fputs("set terminal svg size 800,400 dynamic font 'sans-serif,13' background '#ffffff'\n",
	      out);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (!is_plain(json_text(row, "id")))
			continue;
		if (json_object_get(row, "p50")) {
			json_array_append(ids, json_object_get(row, "id"));
			print_row(summary, row, out);
		}
		if (!strcmp(metric, json_text(row, "metric")))
			continue;
		metric = json_text(row, "metric");
		if (!is_plain(metric) || !sweep_read(summary, metric, &sweep))
			continue;
		json_array_append(ids, json_object_get(row, "metric"));
		print_sweep(summary, &sweep, out);
	}
}

int report_gpu_plots(const json_t *summary, struct report_plots *plots)
{
	char *script;
	json_t *ids = json_array();
	size_t size;
	FILE *stream = open_memstream(&script, &size);
	int error;

	if (!stream || !ids)
		die("no memory for a plot");
	report_gpu_plot_script(summary, ids, stream);
	fclose(stream);
	error = report_plots_draw(script, size, ids, plots);
	free(script);
	json_decref(ids);
	return error;
}
