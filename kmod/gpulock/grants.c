// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See grants.h. */
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "grants.h"
#include "mutant.h"

/* A tree is indexed by unsigned long. */
static_assert(sizeof(unsigned long) == sizeof(u64));

/* What takes permission away may not fail, so it waits for memory where it must. */
#define GFP_SURELY (GFP_KERNEL | __GFP_NOFAIL)

void grants_init(struct grants *grants)
{
	mt_init_flags(&grants->tree, MT_FLAGS_USE_RCU);
	RCU_INIT_POINTER(grants->index, NULL);
	grants->count = 0;
}

static struct grant *grant_new(u64 start, u64 last, u32 access, gfp_t gfp)
{
	struct grant *grant = kmalloc(sizeof(*grant), gfp);

	if (grant)
		*grant = (struct grant){.start = start, .last = last, .access = access};
	return grant;
}

/* Whoever searches the old index ends before a revocation does: that waits for readers. */
static void drop_index(struct grants *grants)
{
	struct grants_index *index = rcu_replace_pointer(grants->index, NULL, true);

	if (index)
		kvfree_rcu(index, rcu);
}

void grants_make_index(struct grants *grants)
{
	struct grants_index *index;
	unsigned long at = 0;
	struct grant *grant;

	if (rcu_access_pointer(grants->index) || !grants->count)
		return;
	index = kvmalloc(struct_size(index, range, grants->count), GFP_KERNEL | __GFP_NOWARN);
	if (!index)
		return;
	index->count = 0;
	mt_for_each(&grants->tree, grant, at, ULONG_MAX) {
		index->range[index->count].start = grant->start;
		index->range[index->count].last = grant->last;
		index->range[index->count++].access = grant->access;
	}
	rcu_assign_pointer(grants->index, index);
}

int grants_add(struct grants *grants, u64 start, u64 last, u32 access)
{
	struct grant *grant = grant_new(start, last, access, GFP_KERNEL);
	int error;

	if (!grant)
		return -ENOMEM;
	error = mtree_insert_range(&grants->tree, start, last, grant, GFP_KERNEL);
	if (error) {
		kfree(grant);
		return error;
	}
	drop_index(grants);
	grants->count++;
	return 0;
}

static bool index_allows(const struct grants_index *index, u64 start, u64 last, u32 access)
{
	u64 low = 0, count = index->count;

	/* The last range that begins at start or before it. */
	while (count > 1) {
		u64 half = count / 2;

		if (index->range[low + half].start <= start)
			low += half;
		count -= half;
	}
	for (; low < index->count && index->range[low].start <= start; low++) {
		if (start > index->range[low].last || access & ~index->range[low].access)
			break;
		if (last <= index->range[low].last)
			return true;
		start = index->range[low].last + 1;
	}
	return MUTANT(ALLOW_ALL);
}

/*
 * One walk for a range within one grant, which is the common case. mtree_load() walks with less
 * than half the instructions of what also finds a slot's bounds; the bounds are in the grant.
 */
static bool tree_allows(struct grants *grants, u64 start, u64 last, u32 access)
{
	for (;;) {
		const struct grant *grant = mtree_load(&grants->tree, start);

		if (!grant || (access & ~grant->access))
			return MUTANT(ALLOW_ALL);
		if (grant->last >= last)
			return true;
		start = grant->last + 1;
	}
}

bool grants_allow(struct grants *grants, u64 start, u64 last, u32 access)
{
	const struct grants_index *index = rcu_dereference(grants->index);

	return likely(index) ? index_allows(index, start, last, access)
			     : tree_allows(grants, start, last, access);
}

struct grant *grants_next(struct grants *grants, u64 start)
{
	unsigned long index = start;

	return mt_find(&grants->tree, &index, ULONG_MAX);
}

static void store(struct grants *grants, u64 start, u64 last, struct grant *grant)
{
	WARN_ON(mtree_store_range(&grants->tree, start, last, grant, GFP_SURELY));
}

/* What stays of a grant gets one of its own; in the tree before the rest is out of it. */
static void keep_piece(struct grants *grants, u64 start, u64 last, u32 access)
{
	store(grants, start, last, grant_new(start, last, access, GFP_SURELY));
	grants->count++;
}

/*
 * Each grant is taken out by itself. A store over all of them would be shorter, and in kernels up
 * to 6.12 and later ends in a crash: the subtree that it cuts off is freed by mt_free_walk(), which
 * takes the count that a node of 15 children keeps in its 16th slot for a child.
 */
bool grants_cut(struct grants *grants, u64 start, u64 last, struct list_head *dead)
{
	struct grant *grant = grants_next(grants, start);
	bool any = false;

	while (grant && grant->start <= last) {
		u64 next = grant->last + 1;

		drop_index(grants);
		if (grant->start < start)
			keep_piece(grants, grant->start, start - 1, grant->access);
		if (grant->last > last)
			keep_piece(grants, last + 1, grant->last, grant->access);
		store(grants, max(grant->start, start), min(grant->last, last), NULL);
		list_add(&grant->dead, dead);
		grants->count--;
		any = true;
		cond_resched();
		grant = next > last || !next ? NULL : grants_next(grants, next);
	}
	return any;
}

/* As no reader is left the nodes need not wait for any, and mt_free_walk() has no part in it. */
void grants_free(struct grants *grants)
{
	unsigned long index = 0;
	struct grant *grant;

	mt_for_each(&grants->tree, grant, index, ULONG_MAX) {
		kfree(grant);
		cond_resched();
	}
	kvfree(rcu_access_pointer(grants->index));
	mt_clear_in_rcu(&grants->tree);
	mtree_destroy(&grants->tree);
}

void grants_free_dead(struct list_head *dead)
{
	struct grant *grant, *next;

	list_for_each_entry_safe(grant, next, dead, dead) {
		kfree(grant);
		cond_resched();
	}
	INIT_LIST_HEAD(dead);
}
