// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The rows of gpulock.def side by side: what a check costs by layer, grants and agents, what it
 * would cost with other structures, and the figures that are asked of it. All from summary.json.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "json_file.h"
#include "report.h"
#include "util.h"

static const struct cell {
	const char *id, *layer, *prose;
	unsigned int grants, agents;
} cells[] = {
#define GPULOCK_ROW(wire, layer, label, grants, agents, prose)                                     \
	{"gpulock." #layer "_" #label "_" #agents, #layer, prose, grants, agents},
#include "../guest-bench/gpulock.def"
#undef GPULOCK_ROW
};

#define CELLS	     ARRAY_SIZE(cells)
#define GPULOCK_PLOT "gpulock.structures"

/* p50 without the empty bracket, ticks; NaN where the row did not run. */
static double value(const json_t *summary, const char *id)
{
	const json_t *ticks = json_object_get(summary_row(summary, id), "p50_minus_floor");

	return json_is_integer(ticks) ? json_integer_value(ticks) : NAN;
}

static bool begins_layer(size_t cell)
{
	return !cell || strcmp(cells[cell - 1].layer, cells[cell].layer);
}

/* The number of cells of the layer that begins there. */
static size_t points_of(size_t first)
{
	size_t end = first + 1;

	while (end < CELLS && !begins_layer(end))
		end++;
	return end - first;
}

/* Another way to keep grants, and no layer of the module? It has no agents. */
static bool is_structure(size_t first)
{
	return cells[first + 1].agents == 1;
}

static bool has_values(const json_t *summary, size_t first)
{
	for (size_t i = first; i < first + points_of(first); i++)
		if (!isnan(value(summary, cells[i].id)))
			return true;
	return false;
}

static void print_head(size_t first, FILE *out)
{
	size_t count = points_of(first);

	fputs(is_structure(first) ? "| look-up / grants |"
				  : "| layer / grants of each agent, agents |",
	      out);
	for (size_t i = first; i < first + count; i++)
		if (is_structure(first))
			fprintf(out, " %u |", cells[i].grants);
		else
			fprintf(out, " %u, %u |", cells[i].grants, cells[i].agents);
	fputs("\n| --- |", out);
	for (size_t i = 0; i < count; i++)
		fputs(" ---: |", out);
}

/* One table; each value times scale. */
static void print_table(const json_t *summary, bool structures, double scale, FILE *out)
{
	bool any = false;

	for (size_t first = 0; first < CELLS; first += points_of(first)) {
		if (is_structure(first) != structures || !has_values(summary, first))
			continue;
		if (!any)
			print_head(first, out);
		any = true;
		fprintf(out, "\n| %s |", cells[first].prose);
		for (size_t i = first; i < first + points_of(first); i++) {
			double ticks = value(summary, cells[i].id);

			if (isnan(ticks))
				fputs(" |", out);
			else
				fprintf(out, " %.0f |", ticks * scale);
		}
	}
	if (any)
		fputs("\n\n", out);
}

/* Nanoseconds of a tick; NaN where that means nothing. */
static double tick_ns(const json_t *summary)
{
	const json_t *khz = json_object_get(json_object_get(summary, "setup"), "tsc_khz");

	if (!strcmp(json_text(summary, "clock"), "insn"))
		return 1;
	if (!json_is_false(json_object_get(summary, "emulated")) || !json_is_integer(khz))
		return NAN;
	return 1e6 / json_integer_value(khz);
}

/* What is asked, in the report's order. */
struct figure {
	const char *text;
	double seen, most;
};

static void print_figures(const json_t *summary, FILE *out)
{
	bool insn = !strcmp(json_text(summary, "clock"), "insn"), any = false;
	double one = value(summary, "gpulock.kernel_1_1"), us = tick_ns(summary) / 1000;
	double many = value(summary, "gpulock.kernel_100k_1");
	double depth = value(summary, "gpulock.index_100k_1") - value(summary, "gpulock.index_1_1");
	double check_one = value(summary, "gpulock.check_1_1");
	double check_many = value(summary, "gpulock.check_100k_1");
	const struct figure figures[] = {
		{"in-kernel check at 100000 grants, instructions", insn ? many : NAN, 300},
		{"the same over that at 1 grant and the depth of the search", many / (one + depth),
		 1.5},
		{"CHECK ioctl over open + write + close, 1 grant",
		 check_one / value(summary, "gpulock.open_write_1_1"), 0.1},
		{"CHECK ioctl over open + write + close, 100000 grants",
		 check_many / value(summary, "gpulock.open_write_100k_1"), 0.1},
		{"batched check over in-kernel check, 1 grant",
		 value(summary, "gpulock.batch_1_1") / one, 1.3},
		{"batched check over in-kernel check, 100000 grants",
		 value(summary, "gpulock.batch_100k_1") / many, 1.3},
		{insn ? "CHECK ioctl at 100000 grants, us at 1 instruction a ns"
		      : "CHECK ioctl at 100000 grants, us",
		 check_many * us, 1},
		{insn ? "ALLOC ioctl, us at 1 instruction a ns" : "ALLOC ioctl, us",
		 value(summary, "gpulock.alloc_100k_4") * us, 10},
	};

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const struct figure *figure = &figures[i];

		if (isnan(figure->seen))
			continue;
		if (!any)
			fputs("| figure | seen | at most | |\n| --- | ---: | ---: | --- |\n", out);
		any = true;
		fprintf(out, "| %s | %.4g | %g | %s |\n", figure->text, figure->seen, figure->most,
			figure->seen <= figure->most ? "met" : "NOT MET");
	}
	if (any)
		fputc('\n', out);
}

static bool has_any(const json_t *summary, bool structures)
{
	for (size_t first = 0; first < CELLS; first += points_of(first))
		if (is_structure(first) == structures && has_values(summary, first))
			return true;
	return false;
}

void gpulock_markdown(const json_t *summary, FILE *out)
{
	bool insn = !strcmp(json_text(summary, "clock"), "insn");

	if (!has_any(summary, false) && !has_any(summary, true))
		return;
	fprintf(out, "## gpulock: the budget\n\nUnit: %s; p50, the empty bracket taken off.\n\n",
		report_unit(summary));
	print_table(summary, false, 1, out);
	if (!insn && !isnan(tick_ns(summary)) && has_any(summary, false)) {
		fputs("The same in nanoseconds:\n\n", out);
		print_table(summary, false, tick_ns(summary), out);
	}
	print_table(summary, true, 1, out);
	if (!isnan(tick_ns(summary)))
		print_figures(summary, out);
	if (has_any(summary, true))
		fputs("![look-ups by structure and grants](plots/" GPULOCK_PLOT ".svg)\n\n", out);
}

/* The points of a layer with one agent, and what the key calls it. */
static void print_series(const json_t *summary, size_t first, FILE *out)
{
	fprintf(out, "$%s << EOD\n", cells[first].layer);
	for (size_t i = first; i < first + points_of(first); i++) {
		double ticks = value(summary, cells[i].id);

		if (cells[i].agents == 1 && !isnan(ticks))
			fprintf(out, "%u %.0f\n", cells[i].grants, fmax(ticks, 1));
	}
	fputs("EOD\n", out);
}

/* The structures, and the module's whole check beside them. */
static bool is_drawn(const json_t *summary, size_t first)
{
	return (is_structure(first) || !strcmp(cells[first].layer, "kernel")) &&
	       has_values(summary, first);
}

static void print_frame(const json_t *summary, FILE *out)
{
	bool insn = !strcmp(json_text(summary, "clock"), "insn");

	fputs("set terminal svg size 900,520 dynamic noenhanced font 'sans-serif,13' background '#ffffff'\n"
	      "set title 'One check of one page among the grants of one agent, on ",
	      out);
	gnuplot_quoted(json_text(summary, "host"), out);
	fprintf(out,
		"'\nset xlabel 'grants of the agent'\nset ylabel '%s of one look-up, p50'\n"
		"set logscale xy\nset xrange [0.8:125000]\nset yrange [*<10:100<*]\n"
		"set format x '%%.0f'\nset format y '%%.0f'\nset tics nomirror out\nset border 3\n"
		"set grid xtics ytics lc rgb '#dddddd'\n"
		"set key below center maxrows 3 reverse Left samplen 2 spacing 1.3 width 2\n",
		insn ? "instructions" : "cycles");
}

int gpulock_plot(const json_t *summary, struct report_plots *plots)
{
	static const char *const colours[] = {"#000000", "#0072b2", "#56b4e9",
					      "#009e73", "#d55e00", "#cc79a7"};
	const char *separator = "plot ";
	json_t *ids = json_pack("[s]", GPULOCK_PLOT);
	size_t size, number = 0;
	char *script = NULL;
	FILE *out = has_any(summary, true) ? open_memstream(&script, &size) : NULL;
	int error = 0;

	if (!out)
		goto out;
	print_frame(summary, out);
	for (size_t first = 0; first < CELLS; first += points_of(first))
		if (is_drawn(summary, first))
			print_series(summary, first, out);
	for (size_t first = 0; first < CELLS; first += points_of(first)) {
		if (!is_drawn(summary, first))
			continue;
		fprintf(out,
			"%s$%s using 1:2 with linespoints lw 2 pt %zu ps 0.8 dt %d lc rgb '%s' title '%s'",
			separator, cells[first].layer, 4 + number, number == 2 ? 2 : 1,
			colours[number % ARRAY_SIZE(colours)],
			is_structure(first) ? cells[first].prose : "the whole in-kernel check");
		separator = ", \\\n";
		number++;
	}
	fputc('\n', out);
	fclose(out);
	error = report_plots_draw(script, size, ids, plots);
	free(script);
out:
	json_decref(ids);
	return error;
}
