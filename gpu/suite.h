/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The coordinator: starts tenants, has them work alone or together, judges what they say, records
 * it. It never touches the device itself, so nothing that breaks there breaks the run.
 */
#ifndef EXITLAB_GPU_SUITE_H
#define EXITLAB_GPU_SUITE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "message.h"
#include "metric.h"

#define TENANTS_MOST  8
#define OVERLAP_LEAST 0.9 /* of busy windows; below, a contention metric is INVALID */

/* Whose surroundings a tenant runs in. */
enum surroundings {
	SYSTEM, /* of the system that is measured: its library, its limits */
	BARE,	/* of the host without it: what the system is compared with in the same run */
	SURROUNDINGS
};

enum status { STATUS_OK, STATUS_WAIVED, STATUS_FAILED, STATUS_INVALID };

/* "ok", "WAIVED", "FAILED", "INVALID" */
extern const char *const status_names[];

/* What came of one GO of one tenant, or of a whole row. Zeroed is empty and ok. */
struct outcome {
	enum status status;
	char reason[400]; /* one line */
	double *samples;  /* in the metric's unit; the outcome's to free */
	size_t count, room;
	struct busy busy;
	char facts[3072]; /* "key=value\n" lines for the verdict */
};

struct options {
	const char *libcuda;   /* NULL: libcuda.so.1 */
	const char *select;    /* NULL: all */
	const char *system;    /* "native", ... */
	const char *preload;   /* library of the limiter, NULL: none */
	const char *mem_limit; /* as the limiter has it, "4g"; NULL: none */
	unsigned int sm_limit; /* percent; 0: none */
	unsigned int plant;    /* each operation is done so many times for one; 1 */
	double patience;       /* seconds that a tenant may be silent beyond its work */
	bool quick, quiet;
	bool waive; /* where there is no GPU, record every row as WAIVED */
};

/* A tenant as the coordinator knows it. pid 0: not started, or gone. */
struct handle {
	pid_t pid;
	int fd;
	bool ordered;  /* has an order that was not finished */
	uint32_t work; /* that it has prepared */
	double cap;    /* seconds that it may work without a window */
};

struct suite {
	struct options options;
	struct handle tenants[SURROUNDINGS][TENANTS_MOST];
	char hello[2048];	/* facts of the device, "key=value\n" lines */
	char control[PATH_MAX]; /* file by which the limiter's SM limit can be changed; "": none */
	FILE *out;		/* the record */
	bool write_failed;
	uint64_t rows, samples;
	uint64_t last_row; /* ns: when the last row was recorded, or its metric began */
	unsigned int counts[STATUS_INVALID + 1];
	uint32_t emitted; /* bit: point of the metric that runs */
	const struct metric *running;
};

/* A fact of the device, as a number: "l2_bytes"; 0 where it is unknown. */
double suite_fact(const struct suite *suite, const char *key);

/* The configured memory limit, bytes; 0: none, or it cannot be read. */
uint64_t suite_mem_limit(const struct suite *suite);

/* An order with the metric's share of time and number of samples for one of its points. */
struct order suite_order(const struct suite *suite, const struct metric *metric, const char *work);

/* Seconds of one window of contention metrics, and how many rounds of them. */
double suite_window(const struct suite *suite);
int suite_rounds(const struct suite *suite);

/*
 * Has the tenant prepare a work; it is started where it does not run. false: outcome says why. A
 * tenant that was prepared must be finished by tenant_finish().
 */
bool tenant_prepare(struct suite *suite, enum surroundings where, int index,
		    const struct order *order, struct outcome *outcome);

/* The members of a team, all prepared. */
struct member {
	enum surroundings where;
	int index;
};

/*
 * Has count tenants work at once: for seconds from one start on, or, with 0, each until it has
 * enough samples. outcomes has one for each, to which its samples are added. false: one of them is
 * not ok.
 */
bool tenants_go(struct suite *suite, const struct member *members, int count, double seconds,
		struct outcome *outcomes);

/*
 * Its two halves, for what is to happen meanwhile: start() returns at once, with the deadline that
 * collect() takes.
 */
uint64_t tenants_start(struct suite *suite, const struct member *members, int count,
		       double seconds);
bool tenants_collect(struct suite *suite, const struct member *members, int count,
		     uint64_t deadline, struct outcome *outcomes);

/* Gives back what the work took. A tenant that does not answer is killed. */
void tenant_finish(struct suite *suite, enum surroundings where, int index);

/* Ends a tenant now, also in the middle of its work. */
void tenant_kill(struct suite *suite, enum surroundings where, int index);

/* Ends all tenants; the next that is needed starts afresh. */
void tenants_dismiss(struct suite *suite);

/* prepare, go, finish for one tenant. */
bool suite_measure(struct suite *suite, enum surroundings where, const struct order *order,
		   struct outcome *outcome);

/*
 * Share of the time in which any of them worked that all of them did: 1 is the same window. 0 where
 * they did not meet.
 */
double overlap_of(const struct outcome *outcomes, int count);

/* Sets a status with its reason; the first that is not ok stays. */
void outcome_set(struct outcome *outcome, enum status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void outcome_add(struct outcome *outcome, double sample);
void outcome_fact(struct outcome *outcome, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The value of a fact, a number; NAN where there is none. */
double outcome_number(const struct outcome *outcome, const char *key);
/* The same as text, cut to size bytes. false: there is no such fact, and text is as it was. */
bool outcome_word(const struct outcome *outcome, const char *key, char *text, size_t size);
/* Median of the samples, NAN where there are none; p of 0 to 100 by nearest rank. */
double outcome_percentile(const struct outcome *outcome, double p);
void outcome_free(struct outcome *outcome);

/*
 * Records a row: its samples, if any, and its verdict. Each point of a metric exactly once. The
 * ceiling of the metric is checked here. Frees the outcome.
 */
void suite_emit(struct suite *suite, const struct metric *metric, int point,
		struct outcome *outcome);

/* The same status and reason for all points of the metric that were not recorded yet. */
void suite_emit_rest(struct suite *suite, const struct metric *metric, enum status status,
		     const char *reason);

/*
 * For metrics of one tenant: measures each point by a work whose argument[0] is set from the
 * table: the point's number, or its size in bytes.
 */
void suite_each_point(struct suite *suite, const struct metric *metric, const char *work);

/* "2KiB", "1GiB", "8": as a number. */
uint64_t point_value(const char *point);

/* Runs what is selected. An exit code: 77 where there is no GPU, whether a record says so or not.
 */
int suite_run(struct suite *suite);

#endif
