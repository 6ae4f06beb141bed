/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One run of one test case: the probe is started, is ready, the workload runs, the probe says what
 * it has seen, and all of it is gone again.
 */
#ifndef EXITLAB_PROBES_TRIAL_H
#define EXITLAB_PROBES_TRIAL_H

#include <stdint.h>
#include <stdio.h>

#include "config.h"

enum trial_status { TRIAL_OK, TRIAL_WAIVED, TRIAL_FAILED, TRIAL_INVALID };

/* "ok", "WAIVED", "FAILED", "INVALID" */
extern const char *const trial_status_names[];

/* What a probe is hit by, so many times each. */
enum hit_per { HITS_UNKNOWN, HITS_PER_LAUNCH, HITS_PER_THREAD, HITS_PER_ELEMENT };

/* "", "launch", "thread", "element" */
extern const char *const hit_per_names[];

struct hits {
	enum hit_per per;    /* HITS_UNKNOWN: the probe does not say */
	uint64_t times;	     /* hits of one launch, thread or element */
	bool apart;	     /* they can be counted in a run of their own only */
	bool counted;	     /* the probe said how many */
	uint64_t count, due; /* due: what count has to be; 0: not known */
	uint64_t lost;	     /* events that nobody read; their hits are counted */
};

struct trial {
	enum trial_status status;
	char reason[400]; /* one line; "" where it is ok */
	/* Of vec_add: its samples, microseconds, and those of its turns without the probe. */
	struct samples {
		double *whole_us, *launch_us; /* the trial's to free */
		size_t count;		      /* of each; 0: there are none */
	} on, off;
	uint64_t launches, threads, elements; /* threads: of a launch; 0 unknown */
	char device[128], pci[32], cuda[32];
	/* Of other workloads, as they print them; NAN: they do not. */
	double mean_us, median_us, p99_us;
	struct hits hits;
};

struct runner {
	const struct config *config;
	char vec_add[PATH_MAX];
	const char *libcuda; /* for probes and workloads; NULL: what they find */
	const char *ready;   /* instead of what the configuration says; NULL: as it is */
	FILE *log;
	int signals; /* a signalfd */
};

/*
 * Runs it. prove: the probe counts, whatever that costs, and vec_add does few iterations: for hits
 * that can only be counted apart. 0, or -1: interrupted. The trial is to be freed in either case.
 */
int trial_run(const struct runner *runner, const struct test_case *one, bool prove,
	      struct trial *trial);
void trial_free(struct trial *trial);

/* Sets a status that is worse than none, with a reason; the first one stays. */
void trial_set(struct trial *trial, enum trial_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Hits that are due after so many launches; 0 where nothing is known. */
uint64_t hits_due(const struct trial *trial);

/* The words that would be run, and the variables that they would find; the caller's. */
void trial_commands(const struct runner *runner, const struct test_case *one, struct words *probe,
		    struct words *probe_settings, struct words *load, struct words *load_settings);

#endif
