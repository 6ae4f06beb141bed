/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The allocations: which agent has what on which device. Under gpulock_mutex. */
#ifndef GPULOCK_ALLOCATION_H
#define GPULOCK_ALLOCATION_H

#include <linux/list.h>
#include <linux/types.h>

#include "agent.h"
#include "device.h"

/*
 * Each allocation is in the list of its agent, of its device, and of the open file it was made
 * through.
 */
enum allocation_list {
	ALLOCATIONS_OF_AGENT,
	ALLOCATIONS_OF_DEVICE,
	ALLOCATIONS_OF_FILE,
	ALLOCATION_LISTS
};

struct allocation {
	u64 id;
	u64 start; /* of its DMA addresses */
	u64 size;  /* bytes, as asked for; the addresses are whole pages */
	u32 flags; /* GPULOCK_KEEP */
	struct agent *agent;
	struct owner
		*owner; /* the open file; NULL: it was kept by one that is closed, or is /proc's */
	u32 device;
	struct list_head in[ALLOCATION_LISTS];
};

/* The open file of /dev/gpulock. */
struct owner {
	struct list_head allocations;
	bool administrator; /* CAP_SYS_ADMIN when it was opened */
};

/*
 * Makes what request says, fills in its id and dma_start, and writes it to the caller at. owner and
 * at NULL: /proc's. 0, or an errno of GPULOCK_ALLOC and nothing has changed; EFAULT also where at
 * is memory that would have to be waited for.
 */
int allocation_make(struct owner *owner, struct gpulock_alloc *request, void __user *at);

/* NULL: no such id. */
struct allocation *allocation_find(u64 id);

/* The first one with this id or a later one; NULL none. */
struct allocation *allocation_at(u64 id);

u64 allocation_count(void);

/* May whoever has this file free it? */
bool allocation_owned(const struct allocation *allocation, const struct owner *owner);

/* Frees it, with the grants in its range. */
void allocation_free(struct allocation *allocation);

/* Frees all of a list, which is of this kind. */
void allocation_free_list(struct list_head *list, enum allocation_list kind);

/* Nothing is allocated any more: frees what is kept of that. */
void allocations_stop(void);

/* The file is closed: what was to be kept has no owner from now on, the rest is freed. */
void allocation_close(struct owner *owner);

#endif
