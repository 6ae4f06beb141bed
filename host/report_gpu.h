/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The drawn parts of a GPU run's report: its page and its plots, from summary.json alone. */
#ifndef EXITLAB_REPORT_GPU_H
#define EXITLAB_REPORT_GPU_H

#include <jansson.h>
#include <stdio.h>

#include "report.h"

/* report.html: one page that needs nothing else. */
void report_gpu_html(const json_t *summary, FILE *out);

/*
 * Draws plots/ROW.svg, the distribution of each row with numbers, and plots/METRIC.svg, a metric by
 * its points. 0, or -1 with one line on stderr; without gnuplot 0, nothing and a warning.
 */
int report_gpu_plots(const json_t *summary, struct report_plots *plots);

/* The same as the script that gnuplot gets; ids: what is drawn, in this order. */
void report_gpu_plot_script(const json_t *summary, json_t *ids, FILE *out);

#endif
