/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The report of `exitlab gpumem-stress`: from stress.json and the files of each case (its truth,
 * its trace, its rows of pidmon) to summary.json, and that in other forms.
 */
#ifndef EXITLAB_REPORT_GPUMEM_H
#define EXITLAB_REPORT_GPUMEM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "report.h"

#define STRESS_FILE   "stress.json" /* what was run */
#define STRESS_SCHEMA "exitlab-gpumem-stress/1"

/* What pidmon saw of one process. */
struct stress_monitor {
	struct stress_point {
		double seconds; /* since the file's first row */
		double cpu;	/* % of one CPU */
		double mb;	/* resident, of 1048576 bytes */
	} * points;
	size_t count;
	double cpu_mean, cpu_most, mb_most;
};

/*
 * Reads the rows of a process from pidmon's CSV; at least one. 0, or -1 with why. To be freed by
 * stress_monitor_free() in either case.
 */
int stress_monitor_read(struct stress_monitor *monitor, FILE *csv, pid_t process, char *why,
			size_t size);
void stress_monitor_free(struct stress_monitor *monitor);

/*
 * Is what the tracer saw (exitlab-gpumem/1), with what it lost, what the stressor did
 * (exitlab-stress/1), to the last call and byte? Of lost calls the bytes are known since all
 * allocations of the stressor are of one size; those of frees are not, so with a loss they are not
 * compared. False with why.
 */
bool stress_is_exact(const json_t *truth, const json_t *trace, char *why, size_t size);

/* Calls in all: that the stressor made, that the tracer saw, that it counted as lost. */
uint64_t stress_calls(const json_t *truth);
uint64_t stress_seen(const json_t *trace);
uint64_t stress_lost(const json_t *trace);

/* ns of a pair of calls by the stressor's latencies; which: "p50", "mean". False: it has none. */
bool stress_pair_ns(const json_t *latencies, const char *which, double *ns);

/* One case, from its files. */
struct stress_evidence {
	json_t *truth, *trace;
	struct stress_monitor monitor; /* of the tracer */
	uint64_t calls, seen, lost;
	double rate_reached; /* allocations a second */
	char why[512];	     /* FAILED, and this is why; "": all is well */
};

/* of: the case in STRESS_FILE. What is missing or wrong is said in why. */
void stress_evidence_read(struct stress_evidence *evidence, const char *dir, const json_t *of);
void stress_evidence_free(struct stress_evidence *evidence);

/* A run as it was recorded. */
struct stress_record {
	json_t *run, *env;		  /* env NULL: there is no such file */
	struct stress_evidence *evidence; /* of each case of run */
	size_t count;
};

/* The whole of summary.json (results/README.md); the caller owns it. */
json_t *stress_summary(const struct stress_record *record);

/* What a pair costs, from the rounds: medians over them. "cost" of summary.json. */
json_t *stress_cost_summary(const json_t *rounds);

/* "targets" of summary.json, from its "rows" and its "cost". */
json_t *stress_targets(const json_t *rows, const json_t *cost);

/* A number of summary.json: to a thousandth. */
json_t *stress_real(double value);

/* CPU and memory over time. As report_kind.plot. */
int stress_plot(const void *record, const json_t *summary, struct report_plots *plots);

/* summary.json in other forms. */
void stress_table(const json_t *summary, FILE *out);
void stress_markdown(const json_t *summary, FILE *out);
void stress_csv(const json_t *summary, FILE *out);
void stress_html(const json_t *summary, FILE *out);

/* A cell of the table of cases. */
#define STRESS_CELL 96
struct stress_column {
	const char *title;
	const char *key;  /* of a row: a path, "untraced_ns.p50" */
	const char *real; /* printf format of a number that is no integer; NULL: it is text */
	int width;	  /* at least; negative: to the left */
};
extern const struct stress_column stress_columns[];
extern const size_t stress_column_count;
void stress_cell(const json_t *row, const struct stress_column *column, char text[STRESS_CELL]);

/* "MET   tracer's CPU ...": a target in one line. */
void stress_target_text(const json_t *target, FILE *out);

/* What stands under the table: the set of bare probes, costs, where all ran, other tracers. */
void stress_notes(const json_t *summary, const char *bullet, FILE *out);

#endif
