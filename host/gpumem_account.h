/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose memory of the GPU is live: the events of gpumem's programs, added up as they come. Every
 * event takes the same few steps, however many processes and pointers there are.
 */
#ifndef EXITLAB_GPUMEM_ACCOUNT_H
#define EXITLAB_GPUMEM_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpumem_live.h"
#include "gpumem_shared.h"

/* Calls, and bytes. */
struct gpumem_counts {
	uint64_t allocations, frees; /* that succeeded */
	uint64_t failed_allocations, failed_frees;
	uint64_t unknown_frees; /* of the frees: those of pointers given before the trace */
	uint64_t allocated_bytes, freed_bytes;
	uint64_t live, live_bytes;     /* now */
	uint64_t peak_bytes;	       /* the most that was live */
	uint64_t leaked, leaked_bytes; /* live when their process ended, and no longer */
};

/* The members of struct gpumem_counts, in the order in which they are shown. */
#define GPUMEM_COUNTS(COUNT)                                                                       \
	COUNT(allocations)                                                                         \
	COUNT(frees)                                                                               \
	COUNT(failed_allocations)                                                                  \
	COUNT(failed_frees)                                                                        \
	COUNT(unknown_frees)                                                                       \
	COUNT(allocated_bytes)                                                                     \
	COUNT(freed_bytes)                                                                         \
	COUNT(live)                                                                                \
	COUNT(live_bytes)                                                                          \
	COUNT(peak_bytes)                                                                          \
	COUNT(leaked)                                                                              \
	COUNT(leaked_bytes)

enum gpumem_state {
	GPUMEM_RUNNING,
	GPUMEM_EXITED,
	GPUMEM_REPLACED, /* by another program: its process goes on as another entry */
};

/* One program in one process. */
struct gpumem_account {
	struct gpumem_account *next, *bucket; /* in the order of their first calls; of one hash */
	uint32_t process;
	enum gpumem_state state;
	uint64_t start; /* ns of CLOCK_MONOTONIC; 0: its BEGIN was lost */
	char name[GPUMEM_NAME];
	struct gpumem_counts counts;
	bool told; /* the last row of CSV was written */
	/*
	 * A pointer may be given anew before the event of its free arrives, since a thread can be
	 * held up between the two. The allocation then tells that it was freed; its event, which is
	 * owed, does so no more.
	 */
	uint64_t owed;
	struct gpumem_live live;
};

struct gpumem_accounts {
	struct gpumem_account *first, **end;
	struct gpumem_account *buckets[1024]; /* of those that run, by process */
	struct gpumem_account *last;	      /* that an event was of */
	struct gpumem_counts total;
	size_t number;
};

void gpumem_accounts_begin(struct gpumem_accounts *accounts);

/* Takes an event. Ends the process when there is no memory. */
void gpumem_accounts_take(struct gpumem_accounts *accounts, const struct gpumem_event *event);

/* Adds a process that runs and has done nothing yet. Ends the process when there is no memory. */
struct gpumem_account *gpumem_accounts_add(struct gpumem_accounts *accounts, uint32_t process);

/* Ends one: what it has live is gone with it. */
void gpumem_accounts_close(struct gpumem_accounts *accounts, struct gpumem_account *account,
			   enum gpumem_state state);

/* Ends those of processes that are gone though no event said so: it was lost. */
void gpumem_accounts_sweep(struct gpumem_accounts *accounts);

void gpumem_accounts_end(struct gpumem_accounts *accounts);

#endif
