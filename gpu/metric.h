/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of benches.def as C, and which of its rows are selected. */
#ifndef EXITLAB_GPU_METRIC_H
#define EXITLAB_GPU_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct suite;

/* What a metric needs besides one GPU. */
#define NEED_TENANTS	(1u << 0) /* several processes on one GPU at a time */
#define NEED_LIMITER	(1u << 1) /* a library that tenants preload (--preload) */
#define NEED_MEM_LIMIT	(1u << 2) /* --mem-limit */
#define NEED_SM_LIMIT	(1u << 3) /* --sm-limit */
#define NEED_SM_CONTROL (1u << 4) /* a limiter whose limit can be changed while it works */
#define NEED_TWO_GPUS	(1u << 5)

enum ceiling {
	CEILING_none,
	CEILING_dram, /* the device memory's clock times its bus width */
	CEILING_link, /* the PCIe link's generation and width, one direction */
};

struct metric {
	const char *id;	  /* "OH-001" */
	const char *name; /* "kernel launch latency" */
	const char *unit, *better, *clock;
	unsigned int needs; /* NEED_* */
	double cap;	    /* seconds of sampling of the whole metric */
	enum ceiling ceiling;
	const char *points; /* "2KiB 64KiB ...", separated by a space; "" for one row */
	/*
	 * Measures all points and emits each with suite_emit(). Returns nothing: what goes wrong is
	 * a row's status. NULL: planned.
	 */
	void (*run)(struct suite *suite, const struct metric *metric);
	const char *contract;
};

extern const struct metric metrics[];
extern const size_t metric_count;

/* Rows of a metric: its points, or 1. */
int metric_points(const struct metric *metric);

/* Name of point i, "" for the only row; of size bytes at least 32. */
const char *metric_point(const struct metric *metric, int point, char *name, size_t size);

/* "OH-002.2KiB", or "OH-001". */
void metric_row(const struct metric *metric, int point, char *name, size_t size);

/*
 * Is the metric in a list "OH-001,PCIE,SCHED-003"? Categories and ids, separated by commas; NULL is
 * all.
 */
bool metric_selected(const char *list, const struct metric *metric);

/* The first word of a list that selects nothing, NULL where there is none. size bytes for it. */
const char *metric_unknown(const char *list, char *word, size_t size);

/*
 * Numbers rows on the wire: 1 and up, the same for the same table. Sixteen to a metric, so that a
 * new point moves no other row.
 */
uint16_t metric_wire(const struct metric *metric, int point);

#endif
