/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of the stressor share. The parent (crew.c) forks processes (process.c) and never
 * touches the device; each has a context and threads (worker.c), which call one family of the
 * driver's calls (ways.c) when it is time (pace.h), and counts what the driver did. Counts go to
 * the parent through pipes when a process is done, and out as one JSON object (truth.c).
 */
#ifndef EXITLAB_GPU_STRESS_H
#define EXITLAB_GPU_STRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../driver.h"
#include "latency.h"

#define PROCESSES_MOST 64
#define THREADS_MOST   64 /* of a process */
#define HOLD_MOST      65536

/* An allocation that is live. */
struct block {
	CUdeviceptr pointer; /* as the driver named it; of --vmm the handle */
	CUdeviceptr address; /* of --vmm: where it is mapped; 0: nowhere */
	size_t bytes;
	unsigned int thread; /* that allocated it, of its process */
};

/* A family of calls. ns: what the call itself took, on CLOCK_MONOTONIC_RAW. */
struct way {
	const char *name;
	int attribute; /* that the device must have; 0: none */
	CUresult (*allocate)(struct block *block, uint64_t *ns);
	CUresult (*release)(struct block *block, uint64_t *ns);
	/* Around them, not timed; NULL: nothing is to be done. */
	CUresult (*map)(struct block *block);
	void (*unmap)(struct block *block);
	/* Frees of a live block that must fail; one of them by the number. */
	CUresult (*misuse)(const struct block *block, uint32_t which);
};

extern const struct way way_sync, way_async, way_managed, way_host, way_vmm;

struct plan {
	const struct way *way;
	/* Of all threads of all processes; 0: no limit. */
	uint64_t throughput;				 /* allocations a second */
	uint64_t count;					 /* allocations */
	size_t bytes;					 /* of an allocation */
	double free_ratio, fail_allocations, fail_frees; /* shares, 0 to 1 */
	unsigned int processes, threads;		 /* threads of each process */
	double duration, linger;			 /* seconds */
	uint64_t seed;
	unsigned int hold;  /* blocks that a thread keeps before it frees one */
	uint64_t die_after; /* allocation calls of the first process; 0: it lives */
	bool cross;	    /* blocks are freed by another thread than theirs */
	const char *libcuda;
};

enum phase { PHASE_READYING, PHASE_GOING, PHASE_STOP };

/* Live bytes now, and the most there were. */
struct level {
	_Atomic uint64_t live, peak;
};

/* What the parent and all processes map. */
struct shared {
	_Atomic uint32_t phase;	  /* of enum phase; a futex */
	uint64_t start, deadline; /* ns of CLOCK_MONOTONIC; valid from PHASE_GOING on */
	struct level level;	  /* of all processes */
};

/* What the driver did: failed calls are no allocations and no frees. */
struct totals {
	uint64_t allocations, frees;
	uint64_t cross_frees; /* of the frees: by another thread than allocated */
	uint64_t failed_allocations, failed_frees;
	uint64_t allocated_bytes, freed_bytes;
	uint64_t unexpected; /* of the failed ones and, where they were to fail, of the others */
};

/* The first thing that a process says: it is ready, or cannot run. */
struct hello {
	int status;    /* exit code */
	char why[256]; /* one line; of status 0: the device's name */
	size_t bytes;  /* of an allocation, as rounded */
};

/* The second and last. */
struct report {
	struct totals totals;
	struct latency allocate, release; /* of calls that succeeded */
	uint64_t peak_bytes;
	uint64_t end;	/* ns of CLOCK_MONOTONIC: when the last thread was done with allocating */
	bool died;	/* as --die-after said */
	char what[256]; /* the first unexpected result, one line; empty: there was none */
	pid_t threads[THREADS_MOST];
};

/* A process as the parent knows it. */
struct member {
	pid_t pid;
	int fd;		   /* its pipe; -1: closed */
	char missing[128]; /* why there is no report; empty: there is one */
	struct hello hello;
	struct report report;
};

struct crew {
	struct plan plan;
	struct shared *shared;
	struct member *members; /* plan.processes of them */
	bool interrupted;
};

/* ns of CLOCK_MONOTONIC. */
uint64_t monotonic_ns(void);

/*
 * Waits until now is at least until, ns of CLOCK_MONOTONIC, or the phase is another one. The phase.
 */
enum phase phase_wait(struct shared *shared, enum phase phase, uint64_t until);
void phase_set(struct shared *shared, enum phase phase);

void level_add(struct level *level, uint64_t bytes);
void level_take(struct level *level, uint64_t bytes);

/* In the new process: works, reports to fd, never returns. index: which of the processes, from 0.
 */
_Noreturn void process_main(const struct plan *plan, struct shared *shared, unsigned int index,
			    int fd);

/*
 * Runs the plan; the truth goes to standard output. Exit code: 0, 1 where a process is missing or a
 * call went as nobody asked for, 77 where there is no device. One line on stderr unless 0.
 */
int crew_run(struct crew *crew);

/* Prints the JSON object. 0, or -1 with one line on stderr. */
int truth_print(const struct crew *crew);

#endif
