// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See agent.h. */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "agent.h"
#include "allocation.h"
#include "log.h"
#include "parameters.h"
#include "stats.h"

/* Of all that changes; see agent.h. */
DEFINE_MUTEX(gpulock_mutex);
struct hlist_head agents_hashed[1 << AGENT_HASH_BITS];
LIST_HEAD(agents_listed);
unsigned int agents_count;

static struct agent *agent_new(u32 id)
{
	struct agent *agent;

	if (agents_count >= max_agents)
		return NULL;
	agent = kzalloc(sizeof(*agent), GFP_KERNEL);
	if (!agent)
		return NULL;
	agent->counts = alloc_percpu(struct check_counts);
	if (!agent->counts) {
		kfree(agent);
		return NULL;
	}
	agent->id = id;
	agent->device_mask = U64_MAX;
	quota_init(&agent->quota, default_quota, max_allocations_per_agent);
	grants_init(&agent->grants);
	INIT_HLIST_NODE(&agent->hashed);
	INIT_LIST_HEAD(&agent->listed);
	INIT_LIST_HEAD(&agent->allocations);
	return agent;
}

/* No reader finds it any more. */
static void agent_free(struct agent *agent)
{
	grants_free(&agent->grants);
	free_percpu(agent->counts);
	kfree(agent);
}

struct agent *agent_at(u32 id)
{
	struct agent *agent;

	list_for_each_entry(agent, &agents_listed, listed)
		if (agent->id >= id)
			return agent;
	return NULL;
}

static void agent_publish(struct agent *agent)
{
	struct agent *next = agent_at(agent->id);

	list_add_tail(&agent->listed, next ? &next->listed : &agents_listed);
	hlist_add_head_rcu(&agent->hashed, &agents_hashed[hash_32(agent->id, AGENT_HASH_BITS)]);
	agents_count++;
	log_event("agent_created agent=%u limit=%llu", agent->id, agent->quota.limit);
}

static bool published(const struct agent *agent)
{
	return !hlist_unhashed(&agent->hashed);
}

struct agent *agent_get(u32 id)
{
	return agent_find_rcu(id) ?: agent_new(id);
}

void agent_keep(struct agent *agent)
{
	if (!published(agent))
		agent_publish(agent);
}

void agent_drop(struct agent *agent)
{
	if (!published(agent))
		agent_free(agent);
}

static void make_indexes(struct work_struct *work)
{
	struct agent *agent;

	mutex_lock(&gpulock_mutex);
	list_for_each_entry(agent, &agents_listed, listed) {
		grants_make_index(&agent->grants);
		cond_resched();
	}
	mutex_unlock(&gpulock_mutex);
}

static DECLARE_DELAYED_WORK(index_work, make_indexes);

void agents_index_later(void)
{
	mod_delayed_work(system_wq, &index_work, HZ / 10);
}

void agents_index_stop(void)
{
	cancel_delayed_work_sync(&index_work);
}

static void hide(struct agent *agent, struct list_head *hidden)
{
	hlist_del_rcu(&agent->hashed);
	list_move(&agent->listed, hidden);
	agents_count--;
}

/* One wait, however many there are. */
static void free_hidden(struct list_head *hidden)
{
	struct agent *agent, *next;

	list_for_each_entry(agent, hidden, listed)
		allocation_free_list(&agent->allocations, ALLOCATIONS_OF_AGENT);
	synchronize_rcu();
	list_for_each_entry_safe(agent, next, hidden, listed) {
		stats_retire(agent);
		log_event("agent_removed agent=%u", agent->id);
		agent_free(agent);
	}
}

void agent_remove(struct agent *agent)
{
	LIST_HEAD(hidden);

	hide(agent, &hidden);
	free_hidden(&hidden);
}

void agents_remove(void)
{
	struct agent *agent, *next;
	LIST_HEAD(hidden);

	list_for_each_entry_safe(agent, next, &agents_listed, listed)
		hide(agent, &hidden);
	free_hidden(&hidden);
}

struct check_counts agent_counts(const struct agent *agent)
{
	return stats_since(agent->counts, &agent->forgotten);
}
