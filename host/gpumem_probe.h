/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs of gpumem.bpf.c: loaded, attached to a libcuda, and what they could not send. */
#ifndef EXITLAB_GPUMEM_PROBE_H
#define EXITLAB_GPUMEM_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gpumem_account.h"
#include "gpumem_library.h"
#include "gpumem_shared.h"

struct gpumem_scope {
	pid_t process;	     /* only this one; 0: all */
	bool follow;	     /* and those that it starts */
	const char *name;    /* only processes of this name; NULL: any */
	uint64_t ring_bytes; /* a power of two, at least a page */
	bool stacks;	     /* of allocations, too; then every event is larger */
	bool summary_only;   /* add up in the kernel, and send no events */
	uint32_t pointers;   /* that can be live then at one time, at least 1 */
};

/* What is not in the events. Calls. */
struct gpumem_lost {
	uint64_t dropped[GPUMEM_TYPES]; /* the buffer was full; by enum gpumem_type */
	uint64_t untracked;		/* the kernel had no memory for their thread */
	uint64_t missed;		/* the kernel did not run a program */
	uint64_t stackless;		/* allocations: the kernel could not read their stack */
	uint64_t pointers;		/* --summary-only: live ones that had no room */
};

/* Its members by name, in the order in which they are shown. */
#define GPUMEM_LOST(LOST)                                                                          \
	LOST(allocations, dropped[GPUMEM_ALLOCATION])                                              \
	LOST(frees, dropped[GPUMEM_RELEASE])                                                       \
	LOST(failures, dropped[GPUMEM_FAILURE])                                                    \
	LOST(untracked, untracked)                                                                 \
	LOST(missed, missed)                                                                       \
	LOST(contexts, dropped[GPUMEM_TAKE_BACK])                                                  \
	LOST(stacks, dropped[GPUMEM_STACK])                                                        \
	LOST(stackless, stackless)                                                                 \
	LOST(pointers, pointers)

struct gpumem_probe;

/*
 * Traces from now on. NULL with one line on stderr and an exit code of util.h in *code. Nothing is
 * left of it when the process ends, in whatever way.
 */
struct gpumem_probe *gpumem_probe_open(const struct gpumem_library *library,
				       const struct gpumem_scope *scope, int *code);

/* Takes what was sent since the last time. Returns the number, or -1 with one line on stderr. */
long gpumem_probe_read(struct gpumem_probe *probe, void (*take)(void *context, const void *event),
		       void *context);

/* With summary_only, in place of that: brings the accounts up to date. 0, or -1 likewise. */
int gpumem_probe_read_summary(struct gpumem_probe *probe, struct gpumem_accounts *accounts);

/* Is readable as soon as much is to be read; poll it edge-triggered, and read without it, too. */
int gpumem_probe_fd(const struct gpumem_probe *probe);

/* Ends tracing. What was sent can still be read, and lost asked for. */
void gpumem_probe_stop(struct gpumem_probe *probe);

void gpumem_probe_lost(const struct gpumem_probe *probe, struct gpumem_lost *lost);

/* How events came here; all 0 with summary_only. */
struct gpumem_traffic {
	uint64_t events;	  /* read */
	uint64_t ring_bytes;	  /* the buffer's size */
	uint64_t ring_most_bytes; /* the most that waited in it when it was read */
};

void gpumem_probe_traffic(const struct gpumem_probe *probe, struct gpumem_traffic *traffic);

void gpumem_probe_close(struct gpumem_probe *probe);

#endif
