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

#include "gpumem_counts.h"
#include "gpumem_live.h"
#include "gpumem_origin.h"
#include "gpumem_shared.h"

/* Kinds of memory whose pointers the same calls free; in two spaces one number is two pointers. */
enum gpumem_space { GPUMEM_ADDRESSES, GPUMEM_HANDLES, GPUMEM_HOST_ADDRESSES, GPUMEM_SPACES };

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
	uint64_t ended; /* likewise; 0: it has not */
	char name[GPUMEM_NAME];
	struct gpumem_counts counts;
	bool told; /* the last row of CSV was written */
	/*
	 * A pointer may be given anew before the event of its free arrives, since a thread can be
	 * held up between the two. The allocation then tells that it was freed; its event, which is
	 * owed, does so no more.
	 */
	uint64_t owed;
	struct gpumem_origins origins;
	struct gpumem_device *devices;
	struct gpumem_live live[GPUMEM_SPACES];
};

struct gpumem_accounts {
	struct gpumem_account *first, **end;
	struct gpumem_account *buckets[1024]; /* of those that run, by process */
	struct gpumem_account *last;	      /* that an event was of */
	struct gpumem_counts total;
	struct gpumem_device *devices; /* of all processes together */
	size_t number;
	uint64_t without_origin; /* allocations: their process had too many */
	uint64_t too_large; /* allocations of more than GPUMEM_BYTES_MOST, which they count as */
	/*
	 * ns; what is as old when its process ends is kept in its origin as aged. UINT64_MAX: that
	 * is not asked for, and saves a walk.
	 */
	uint64_t leaks_older;
};

void gpumem_accounts_begin(struct gpumem_accounts *accounts);

/* Takes an event. Ends the process when there is no memory. */
void gpumem_accounts_take(struct gpumem_accounts *accounts, const struct gpumem_event *event);

/* Of a process that runs: sets aged of each of its origins by what is live, as of a time. */
void gpumem_account_age(struct gpumem_account *account, uint64_t older, uint64_t now);

/* Adds a process that runs and has done nothing yet. Ends the process when there is no memory. */
struct gpumem_account *gpumem_accounts_add(struct gpumem_accounts *accounts, uint32_t process);

/* Ends one, at a time: what its origins have live is gone with it. */
void gpumem_accounts_close(struct gpumem_accounts *accounts, struct gpumem_account *account,
			   enum gpumem_state state, uint64_t time);

/* Ends those of processes that are gone though no event said so: it was lost. */
void gpumem_accounts_sweep(struct gpumem_accounts *accounts);

void gpumem_accounts_end(struct gpumem_accounts *accounts);

#endif
