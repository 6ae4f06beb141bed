/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stress experiment: the stressor allocates and frees at a rate, `exitlab gpumem` traces it,
 * `exitlab pidmon` watches what the tracer costs, and the stressor's truth is held against what was
 * seen. Its parts are children with CPUs of their own.
 */
#ifndef EXITLAB_GPUMEM_STRESS_H
#define EXITLAB_GPUMEM_STRESS_H

#include <jansson.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>

#include "archive.h"
#include "gpumem_library.h"
#include "words.h"

/* One case: a load, and what the tracer prints meanwhile. */
struct stress_case {
	const char *id, *title;
	long rate; /* allocations a second; 0: as fast as it goes */
	double free_ratio;
	long bytes, count;  /* of an allocation; allocations, 0: until the time is up */
	double seconds;	    /* the most */
	const char *prints; /* "table", "nothing" */
	const char *of;	    /* "original", "search" (the highest lossless rate), "live" */
};

struct stress_run {
	/* What was asked for. */
	const char *results;
	char stressor[PATH_MAX], libcuda[PATH_MAX];
	int fake; /* 0, 1; -1: where there is no other */
	bool quick, json;

	struct gpumem_library library;
	struct archive archive;
	char self[PATH_MAX];
	int signals;			  /* a signalfd */
	cpu_set_t tracer, victim, others; /* who runs where */
	int tracer_cpu, victim_cpu;	  /* -1: this host has but one, which they share */
	json_t *cases, *rounds;		  /* the evidence so far */
	char why[640];			  /* it cannot go on: one line */
	unsigned int done, steps;	  /* for the line of progress */
};

/* A stressor's run, traced or not. */
struct trial {
	const struct stress_case *load;
	const char *files; /* what the names of its files begin with; NULL: it leaves none */
	bool traced;
	json_t *truth; /* the caller's; NULL: there is none */
	pid_t tracer, stressor;
	char why[400]; /* what went wrong; "": nothing */
};

/*
 * Runs it. EXIT_OK, also with why; else EXIT_FAILED (interrupted, or a file that cannot be written)
 * or EXIT_CANNOT, with run->why. No process is left.
 */
int stress_trial(struct stress_run *run, struct trial *trial);

/* Runs a case, between two short ones without the tracer, and adds it to run->cases. As above. */
int stress_case_run(struct stress_run *run, const struct stress_case *one);

/* What a pair of calls costs untraced, behind three bare probes, traced: adds run->rounds. */
int stress_cost(struct stress_run *run);

/* Says on a terminal what is being done; NULL: nothing any more. */
void stress_progress(const struct stress_run *run, const char *what);

/* Writes STRESS_FILE of report_gpumem.h. 0, or -1 with one line on stderr. */
int stress_write(const struct stress_run *run);

/* Sets who runs where. */
void stress_place(struct stress_run *run);

#endif
