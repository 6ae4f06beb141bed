// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See allocation.h. */
#include <linux/errno.h>
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "allocation.h"
#include "log.h"
#include "mutant.h"
#include "readers.h"
#include "stats.h"

static DEFINE_XARRAY(by_id);
static struct maple_tree addresses = MTREE_INIT(addresses, MT_FLAGS_ALLOC_RANGE);
static u64 last_id, count;

static u64 last_address(const struct allocation *allocation)
{
	return allocation->start + PAGE_ALIGN(allocation->size) - 1;
}

/* Not mtree_erase(), which erases nothing and does not say so where there is no memory for it. */
static void give_addresses_back(const struct allocation *allocation)
{
	WARN_ON(mtree_store_range(&addresses, allocation->start, last_address(allocation), NULL,
				  GFP_KERNEL | __GFP_NOFAIL));
}

struct allocation *allocation_find(u64 id)
{
	return xa_load(&by_id, id);
}

struct allocation *allocation_at(u64 id)
{
	unsigned long index = id;

	return xa_find(&by_id, &index, ULONG_MAX, XA_PRESENT);
}

u64 allocation_count(void)
{
	return count;
}

/* Not mtree_alloc_range(): that of 6.1 fails in an empty tree, and leaves a range in it. */
static int take_addresses(struct allocation *allocation)
{
	MA_STATE(hole, &addresses, 0, 0);
	u64 window = device_window(allocation->device);
	int error;

	mtree_lock(&addresses);
	error = mas_empty_area(&hole, window, window + (DEVICE_WINDOW - 1),
			       PAGE_ALIGN(allocation->size));
	mtree_unlock(&addresses);
	if (error) /* EBUSY: no hole of that size */
		return error;
	allocation->start = hole.index;
	return mtree_insert_range(&addresses, allocation->start, last_address(allocation),
				  allocation, GFP_KERNEL);
}

/* Gives it addresses of its device's that nobody has, and an id that nobody had. */
static int find_place(struct allocation *allocation)
{
	int error;

	if (allocation->size > DEVICE_WINDOW || take_addresses(allocation))
		return -ENOMEM;
	allocation->id = last_id + 1;
	error = xa_err(xa_store(&by_id, allocation->id, allocation, GFP_KERNEL));
	if (error) {
		give_addresses_back(allocation);
		return -ENOMEM;
	}
	last_id++;
	return 0;
}

static void list(struct allocation *allocation, struct owner *owner)
{
	struct device_slot *slot = &device_slots[allocation->device];

	quota_settle(&allocation->agent->quota);
	list_add_tail(&allocation->in[ALLOCATIONS_OF_AGENT], &allocation->agent->allocations);
	list_add_tail(&allocation->in[ALLOCATIONS_OF_DEVICE], &slot->allocations);
	INIT_LIST_HEAD(&allocation->in[ALLOCATIONS_OF_FILE]);
	if (owner)
		list_add_tail(&allocation->in[ALLOCATIONS_OF_FILE], &owner->allocations);
	slot->used += allocation->size;
	count++;
	totals.allocated++;
}

/* The quota is charged first, so that nobody holds more than its limit while this is under way. */
static int charge_and_place(struct allocation *allocation)
{
	struct agent *agent = allocation->agent;
	int error;

	if (!device_find(allocation->device) || !(agent->device_mask >> allocation->device & 1))
		return -ENODEV;
	error = quota_charge(&agent->quota, allocation->size);
	if (error) {
		totals.over_quota++;
		log_notice("over_quota agent=%u size=%llu used=%llu limit=%llu allocations=%llu",
			   agent->id, allocation->size, agent->quota.used, agent->quota.limit,
			   agent->quota.allocations);
		return error;
	}
	error = find_place(allocation);
	if (error)
		quota_uncharge(&agent->quota, allocation->size);
	return error;
}

static void leave_place(struct allocation *allocation)
{
	xa_erase(&by_id, allocation->id);
	give_addresses_back(allocation);
	quota_uncharge(&allocation->agent->quota, allocation->size);
}

/*
 * Before it is listed: an allocation that its owner cannot be told of is none. Waits for no page;
 * see operation_alloc().
 */
static int tell(const struct allocation *allocation, struct gpulock_alloc *request, void __user *at)
{
	request->id = allocation->id;
	request->dma_start = allocation->start;
	return at && copy_to_user_nofault(at, request, sizeof(*request)) ? -EFAULT : 0;
}

int allocation_make(struct owner *owner, struct gpulock_alloc *request, void __user *at)
{
	struct allocation *allocation = kmalloc(sizeof(*allocation), GFP_KERNEL);
	struct agent *agent = agent_get(request->agent);
	int error;

	if (!allocation || !agent) {
		error = -ENOMEM;
		goto failed;
	}
	*allocation = (struct allocation){.size = request->size,
					  .flags = request->flags,
					  .agent = agent,
					  .owner = owner,
					  .device = request->device};
	error = charge_and_place(allocation);
	if (error)
		goto failed;
	error = tell(allocation, request, at);
	if (error) {
		leave_place(allocation);
		goto failed;
	}
	agent_keep(agent);
	list(allocation, owner);
	log_event("allocated agent=%u id=%llu size=%llu device=%u", agent->id, allocation->id,
		  allocation->size, allocation->device);
	return 0;

failed:
	if (agent)
		agent_drop(agent);
	kfree(allocation);
	return error;
}

bool allocation_owned(const struct allocation *allocation, const struct owner *owner)
{
	return allocation->owner ? allocation->owner == owner : owner->administrator;
}

/* Takes back what anybody was granted in the range, since the range will be another's. */
static void take_grants(const struct allocation *allocation, struct list_head *dead)
{
	u64 last = last_address(allocation);
	struct agent *agent;

	list_for_each_entry(agent, &agents_listed, listed)
		if (agent->grants.count)
			grants_cut(&agent->grants, allocation->start, last, dead);
}

/* Nobody finds it from now on; the addresses are still its own. */
static void unlist(struct allocation *allocation)
{
	for (int i = 0; i < ALLOCATION_LISTS; i++)
		list_del(&allocation->in[i]);
	xa_erase(&by_id, allocation->id);
	count--;
	totals.freed++;
	device_slots[allocation->device].used -= allocation->size;
}

static void release(struct allocation *allocation)
{
	struct agent *agent = allocation->agent;

	log_event("freed agent=%u id=%llu size=%llu", agent->id, allocation->id, allocation->size);
	give_addresses_back(allocation);
	quota_uncharge(&agent->quota, allocation->size);
	kfree(allocation);
}

/*
 * Between the two loops nobody can be granted the addresses anew, since this is under the mutex;
 * and behind the wait no reader acts on an old grant of them. One wait, however many there are.
 */
void allocation_free_list(struct list_head *list, enum allocation_list kind)
{
	struct allocation *allocation, *next;
	LIST_HEAD(freed);
	LIST_HEAD(dead);

	list_for_each_entry_safe(allocation, next, list, in[kind]) {
		if (MUTANT(LEAK) && kind == ALLOCATIONS_OF_FILE) {
			list_del_init(&allocation->in[kind]);
			allocation->owner = NULL;
			continue;
		}
		take_grants(allocation, &dead);
		unlist(allocation);
		list_add(&allocation->in[ALLOCATIONS_OF_FILE], &freed);
		cond_resched();
	}
	if (!list_empty(&dead)) {
		readers_cut();
		agents_index_later();
	}
	/* There may be readers of what a REVOKE has cut, which does not hold the mutex any more. */
	if (!list_empty(&freed))
		readers_wait(readers_state());
	grants_free_dead(&dead);
	list_for_each_entry_safe(allocation, next, &freed, in[ALLOCATIONS_OF_FILE])
		release(allocation);
}

void allocation_free(struct allocation *allocation)
{
	LIST_HEAD(one);

	list_move(&allocation->in[ALLOCATIONS_OF_AGENT], &one);
	allocation_free_list(&one, ALLOCATIONS_OF_AGENT);
}

void allocations_stop(void)
{
	mtree_destroy(&addresses);
}

void allocation_close(struct owner *owner)
{
	struct allocation *allocation, *next;

	list_for_each_entry_safe(allocation, next, &owner->allocations, in[ALLOCATIONS_OF_FILE])
		if (allocation->flags & GPULOCK_KEEP) {
			list_del_init(&allocation->in[ALLOCATIONS_OF_FILE]);
			allocation->owner = NULL;
		}
	allocation_free_list(&owner->allocations, ALLOCATIONS_OF_FILE);
}
