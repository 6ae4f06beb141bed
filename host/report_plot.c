// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A histogram per row: logarithmic bins, drawn by one gnuplot for all rows. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "gnuplot.h"
#include "json_file.h"
#include "report.h"
#include "util.h"

/* A dashed line at a percentile, with its value; labels of different height never collide. */
static void print_mark(const char *name, uint32_t value, unsigned int number, double height,
		       FILE *out)
{
	fprintf(out,
		"set arrow %u from first %" PRIu32 ", graph 0 to first %" PRIu32
		", graph %.2f nohead dt 2 lw 1.5 lc rgb '#b03030' front\n",
		number, value, value, height);
	fprintf(out,
		"set label %u '%s %" PRIu32 "' at first %" PRIu32
		", graph %.2f left offset 0.6,0 tc rgb '#b03030' front\n",
		number, name, value, value, height);
}

/* Labels of a logarithmic axis, dense enough that a range of any width has some. */
static void print_ticks(double low, double high, FILE *out)
{
	double decades = log10(high / low), step = decades < 0.5 ? 0.5 : 1;
	const char *separator = "set xtics (";

	for (double decade = 1; decade < high; decade *= 10)
		for (double digit = 1; digit < 10; digit += step) {
			double tick = decade * digit;
			double prefix = tick < 1e6 ? 1 : tick < 1e9 ? 1e6 : 1e9;
			bool label = decades < 0.5 || digit == 1 ||
				     (decades < 3 && (digit == 2 || digit == 5)) ||
				     (decades < 1 && (digit == 3 || digit == 7));

			/* Ticks of the clock are whole. */
			if (tick < low || tick > high || tick != floor(tick))
				continue;
			if (label)
				fprintf(out, "%s'%.10g%s' %g", separator, tick / prefix,
					prefix < 1e6   ? ""
					: prefix < 1e9 ? "M"
						       : "G",
					tick);
			else
				fprintf(out, "%s'' %g 1", separator, tick);
			separator = ", ";
		}
	/* A range too narrow for any of them. */
	if (separator[0] == 's')
		fprintf(out, "%s'%.10g' %.10g", separator, sqrt(low * high), sqrt(low * high));
	fputs(")\n", out);
}

/* The histogram as data, neighbouring bins put together until at most 300 are left. */
static void print_bins(const struct row_stats *row, FILE *out)
{
	unsigned int first = 0, last = HISTOGRAM_BINS - 1, shift = 0;
	uint64_t most = 0;

	while (!row->bins[first])
		first++;
	while (!row->bins[last])
		last--;
	while ((last - first) >> shift > 300)
		shift++;
	fputs("$bins << EOD\n", out);
	for (unsigned int bin = first >> shift; bin <= last >> shift; bin++) {
		uint64_t low = histogram_low(bin << shift), samples = 0;

		for (unsigned int i = bin << shift; i < (bin + 1) << shift; i++)
			samples += row->bins[i];
		if (samples)
			fprintf(out, "%g %" PRIu64 " %" PRIu64 "\n", low ? (double)low : 0.5,
				histogram_low((bin + 1) << shift), samples);
		if (samples > most)
			most = samples;
	}
	/* Room for the marks' labels above. */
	fprintf(out, "EOD\nset yrange [0.5:%g]\n", most * 8.0);
}

static void plot_row(const struct report *report, int row, const json_t *summary,
		     const json_t *object, FILE *out)
{
	const struct row_stats *stats = &report->rows[row];
	uint32_t saturated = report->records.rows[PASS_TIMED][row].header.saturated;
	bool emulated = json_is_true(json_object_get(summary, "emulated"));
	bool insn = !strcmp(json_text(summary, "clock"), "insn");
	double low = stats->timed.at[STATS_MIN] ? stats->timed.at[STATS_MIN] : 0.5;
	double high = stats->timed.at[STATS_MAX] + 1.0;
	double margin = fmin(fmax(pow(high / low, 0.08), 1.2), 2);

	fprintf(out, "set title '%s on ", exit_rows[row].id);
	gnuplot_quoted(json_text(summary, "host"), out);
	fprintf(out, ": %s%s' noenhanced\n", insn ? "path length, insns (emulated host)" : "cycles",
		emulated && !insn ? " (emulated)" : "");
	fprintf(out, "set xlabel '%s, n = %" PRIu64 ", %s", json_text(object, "unit"),
		stats->timed.n, json_text(object, "verdict"));
	if (saturated)
		fprintf(out, ", %" PRIu32 " saturated", saturated);
	fputs("' noenhanced\n", out);
	fprintf(out, "set xrange [%.6g:%.6g]\n", low / margin, high * margin);
	print_ticks(low / margin, high * margin, out);
	fputs("unset arrow\nunset label\n", out);
	print_mark("p50", stats->timed.at[STATS_P50], 1, 0.96, out);
	print_mark("p99", stats->timed.at[STATS_P99], 2, 0.89, out);
	print_bins(stats, out);
	fputs("plot $bins using 1:3:1:2:(0.5):3 with boxxyerror notitle\n", out);
}

static void print_script(const struct report *report, const json_t *summary, FILE *out)
{
	json_t *object;
	size_t index;

	fputs("set terminal svg size 800,400 dynamic font 'sans-serif,13' background '#ffffff'\n"
	      "set logscale xy\nset ylabel 'samples'\nset tics nomirror out\n"
	      "set border 3\nset grid ytics lc rgb '#dddddd'\nset style fill solid 1.0 border lc rgb '#30609a'\n"
	      "set linetype 1 lc rgb '#30609a'\nset format y '%.0f'\n",
	      out);
	json_array_foreach (json_object_get(summary, "rows"), index, object)
		for (int i = 0; i < EXIT_ROWS; i++)
			if (report->rows[i].timed.n &&
			    !strcmp(exit_rows[i].id, json_text(object, "id")))
				plot_row(report, i, summary, object, out);
}

int report_plot(const struct report *report, const json_t *summary, struct report_plots *plots)
{
	static const char end[] = "</svg>\n";
	char *script, *images, *at;
	size_t size;
	FILE *stream = open_memstream(&script, &size);

	if (!stream)
		return -1;
	print_script(report, summary, stream);
	fclose(stream);
	images = gnuplot_draw(script, size);
	free(script);
	/* The Intel lab has no gnuplot; whoever started it draws. */
	if (!images && errno == ENOENT && strcmp(getenv("EXITLAB_LAB_VENDOR") ?: "", "intel"))
		pr_warn("no plots: gnuplot is not installed (Debian: gnuplot-nox)");
	if (!images)
		return errno == ENOENT ? 0 : -1;
	/* One document after the other, in the order of the rows. */
	at = images;
	for (int i = 0; at && i < EXIT_ROWS; i++) {
		char *next;

		if (!report->rows[i].timed.n)
			continue;
		at = strstr(at, "<?xml");
		next = at ? strstr(at, end) : NULL;
		if (next)
			report_plots_add(plots, exit_rows[i].id,
					 strndup(at, next + strlen(end) - at));
		at = next;
	}
	free(images);
	if (!at)
		pr_err("gnuplot drew less plots than it was asked for");
	return at ? gpulock_plot(summary, plots) : -1;
}
