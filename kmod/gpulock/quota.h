/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much an agent uses of what it may. Charged before an allocation is made and given back where
 * that fails after all, as page_counter does; unlike there, used is never above limit even for a
 * moment, so that whoever looks sees no quota exceeded. Safe from any process, on its own.
 */
#ifndef GPULOCK_QUOTA_H
#define GPULOCK_QUOTA_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct quota {
	spinlock_t lock; /* allocations are no fast path; what is read together belongs together */
	u64 limit;	 /* bytes */
	u64 used;
	u64 peak;
	u64 allocations;
	u64 most; /* of them */
};

/* most: how many allocations there may be at once. */
void quota_init(struct quota *quota, u64 limit, u64 most);

/* Charges one allocation of size bytes. 0, or -EDQUOT and nothing was charged. */
int quota_charge(struct quota *quota, u64 size);

/* The allocation that was charged is made: it counts for the peak. */
void quota_settle(struct quota *quota);

/* Gives one such allocation back. */
void quota_uncharge(struct quota *quota, u64 size);

/* 0, or -EBUSY where more is in use, and the limit is what it was. */
int quota_set_limit(struct quota *quota, u64 limit);

/* All values at one moment; the lock of the copy is not to be used. */
void quota_read(struct quota *quota, struct quota *copy);

#endif
