// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See operation.h. */
#include <linux/errno.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "agent.h"
#include "log.h"
#include "mutant.h"
#include "operation.h"
#include "readers.h"
#include "stats.h"

/* 0, or an errno where there can be no other try. */
static int fetch_memory(void __user *at)
{
	if (fault_in_safe_writeable(at, sizeof(struct gpulock_alloc)))
		return -EFAULT;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/*
 * The id is written to the caller under the mutex, where no page may be waited for: it may be of a
 * userfaultfd, or of a file that never comes. One that is not there fails the call, is fetched
 * without the mutex, and the call is made anew.
 */
int operation_alloc(struct owner *owner, struct gpulock_alloc *request, void __user *at)
{
	int error;

	if (!request->agent || !request->size || request->zero || request->flags & ~GPULOCK_KEEP)
		return -EINVAL;
	do {
		mutex_lock(&gpulock_mutex);
		error = allocation_make(owner, request, at);
		mutex_unlock(&gpulock_mutex);
		if (error != -EFAULT)
			return error;
		error = fetch_memory(at);
	} while (!error);
	return error;
}

int operation_free(struct owner *owner, u64 id)
{
	struct allocation *allocation;
	int error = 0;

	mutex_lock(&gpulock_mutex);
	allocation = allocation_find(id);
	if (!allocation)
		error = -ENOENT;
	else if (owner && !allocation_owned(allocation, owner))
		error = -EPERM;
	else
		allocation_free(allocation);
	mutex_unlock(&gpulock_mutex);
	return error;
}

int operation_query(struct gpulock_query *request)
{
	struct check_counts counts;
	struct agent *agent;
	struct quota quota;

	if (!request->agent || request->zero)
		return -EINVAL;
	mutex_lock(&gpulock_mutex);
	agent = agent_find_rcu(request->agent);
	if (agent) {
		quota_read(&agent->quota, &quota);
		counts = agent_counts(agent);
		request->limit = quota.limit;
		request->used = quota.used;
		request->peak = quota.peak;
		request->allocations = quota.allocations;
		request->checks = counts.checks;
		request->denials = counts.denials;
	}
	mutex_unlock(&gpulock_mutex);
	return agent ? 0 : -ENOENT;
}

/* A mask of 0 leaves the devices as they are. */
static int set_quota(u32 id, u64 limit, u64 device_mask)
{
	struct agent *agent;
	int error;

	mutex_lock(&gpulock_mutex);
	agent = agent_get(id);
	error = agent ? quota_set_limit(&agent->quota, limit) : -ENOMEM;
	if (!error) {
		agent->device_mask = device_mask ?: agent->device_mask;
		agent_keep(agent);
		log_event("quota_set agent=%u limit=%llu devices=%#llx", id, limit,
			  agent->device_mask);
	}
	mutex_unlock(&gpulock_mutex);
	return error;
}

int operation_set_quota(const struct gpulock_set_quota *request)
{
	if (!request->agent || request->zero || !request->device_mask)
		return -EINVAL;
	return set_quota(request->agent, request->limit, request->device_mask);
}

int operation_set_limit(u32 agent, u64 limit)
{
	return agent ? set_quota(agent, limit, 0) : -EINVAL;
}

static bool bad_range(u64 start, u64 size)
{
	return !size || start + (size - 1) < start;
}

int operation_grant(const struct gpulock_grant *request)
{
	u64 last = request->start + (request->size - 1);
	struct agent *agent;
	int error = -ENOMEM;

	if (!request->agent || !request->access || request->access & ~GPULOCK_ACCESS_MASK ||
	    bad_range(request->start, request->size))
		return -EINVAL;
	mutex_lock(&gpulock_mutex);
	agent = agent_get(request->agent);
	if (agent && MUTANT(DROPPED_GRANT) && agent->grants.count)
		error = 0;
	else if (agent)
		error = grants_add(&agent->grants, request->start, last, request->access);
	if (!error) {
		agent_keep(agent);
		totals.granted++;
		agents_index_later();
		log_event("granted agent=%u access=%u", agent->id, request->access);
	} else if (agent) {
		agent_drop(agent);
	}
	mutex_unlock(&gpulock_mutex);
	return error;
}

int operation_revoke(const struct gpulock_revoke *request)
{
	u64 last = request->start + (request->size - 1);
	struct agent *agent;
	unsigned long state;
	bool any = false;
	LIST_HEAD(dead);

	if (!request->agent || request->zero || bad_range(request->start, request->size))
		return -EINVAL;
	mutex_lock(&gpulock_mutex);
	agent = agent_find_rcu(request->agent);
	if (agent)
		any = grants_cut(&agent->grants, request->start, last, &dead);
	totals.revoked += any;
	if (any) {
		readers_cut();
		agents_index_later();
	}
	state = readers_state();
	mutex_unlock(&gpulock_mutex);
	/*
	 * This is the guarantee: whoever checked before has ended its section when we return. That
	 * is so too where another call has taken it back, and waits now.
	 */
	if (!MUTANT(NO_RCU_WAIT))
		readers_wait(state);
	if (!any)
		return -ENOENT;
	grants_free_dead(&dead);
	log_event("revoked agent=%u", request->agent);
	return 0;
}

int operation_create_agent(u32 id, u64 limit)
{
	struct agent *agent;
	int error = 0;

	if (!id)
		return -EINVAL;
	mutex_lock(&gpulock_mutex);
	if (agent_find_rcu(id)) {
		error = -EEXIST;
	} else {
		agent = agent_get(id);
		if (agent) {
			agent->quota.limit = limit;
			agent_keep(agent);
		} else {
			error = -ENOMEM;
		}
	}
	mutex_unlock(&gpulock_mutex);
	return error;
}

int operation_remove_agent(u32 id)
{
	struct agent *agent;

	if (!id)
		return -EINVAL;
	mutex_lock(&gpulock_mutex);
	agent = agent_find_rcu(id);
	if (agent)
		agent_remove(agent);
	mutex_unlock(&gpulock_mutex);
	return agent ? 0 : -ENOENT;
}
