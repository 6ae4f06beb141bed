/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one agent was granted: ranges of addresses that do not overlap, in a maple tree that is read
 * under RCU, and once they have not changed for a while in an index too, which is searched in half
 * the instructions. Only grants_allow() may run beside the others; those are for one caller at a
 * time.
 */
#ifndef GPULOCK_GRANTS_H
#define GPULOCK_GRANTS_H

#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

/* Never changed once readers can find it, so that its members always belong together. */
struct grant {
	u64 start;
	u64 last; /* the last address, not the one behind it */
	u32 access;
	struct list_head dead;
};

/*
 * All grants in order. It is whole, or there is none: what cuts a grant takes it away first, what
 * adds one before it says that it has.
 */
struct grants_index {
	struct rcu_head rcu;
	u64 count;
	struct {
		u64 start, last;
		u32 access;
	} range[];
};

struct grants {
	struct maple_tree tree;
	struct grants_index __rcu *index; /* NULL: walk the tree */
	u64 count;
};

void grants_init(struct grants *grants);

/* 0, -EEXIST where it overlaps another, -ENOMEM. */
int grants_add(struct grants *grants, u64 start, u64 last, u32 access);

/*
 * Is all of [start, last] granted for all of access? In an RCU read-side section, which the answer
 * holds until the end of.
 */
bool grants_allow(struct grants *grants, u64 start, u64 last, u32 access);

/*
 * Takes all of [start, last] out of the tree, cutting what reaches beyond; cannot fail for want of
 * memory. Readers may still have what is then in dead: grants_free_dead() frees it. Whether there
 * was anything.
 */
bool grants_cut(struct grants *grants, u64 start, u64 last, struct list_head *dead);

/* Makes the index if there is none; without memory for it there is none still. */
void grants_make_index(struct grants *grants);

/* The first grant that ends at or behind start, for listing; NULL none. */
struct grant *grants_next(struct grants *grants, u64 start);

/* Frees all of it, when no reader can find it any more. */
void grants_free(struct grants *grants);

/* Frees what was cut, once no reader has it any more; see readers.h. */
void grants_free_dead(struct list_head *dead);

#endif
