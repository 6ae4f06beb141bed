// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Plots of a run's report, drawn by one gnuplot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "report.h"
#include "util.h"

/* One document after the other, in the order of the ids. 0, or -1 with one line on stderr. */
static int split(const char *images, const json_t *ids, struct report_plots *plots)
{
	static const char end[] = "</svg>\n";
	const char *at = images, *next;
	const json_t *id;
	size_t i;

	json_array_foreach (ids, i, id) {
		at = strstr(at, "<?xml");
		next = at ? strstr(at, end) : NULL;
		if (!next) {
			pr_err("gnuplot drew less plots than it was asked for");
			return -1;
		}
		next += strlen(end);
		report_plots_add(plots, json_string_value(id), strndup(at, next - at));
		at = next;
	}
	return 0;
}

int report_plots_draw(const char *script, size_t size, const json_t *ids,
		      struct report_plots *plots)
{
	char *images;
	int error;

	if (!json_array_size(ids))
		return 0;
	images = gnuplot_draw(script, size);
	if (!images && errno == ENOENT) {
		pr_warn("no plots: gnuplot is not installed (Debian: gnuplot-nox)");
		return 0;
	}
	error = images ? split(images, ids, plots) : -1;
	free(images);
	return error;
}
