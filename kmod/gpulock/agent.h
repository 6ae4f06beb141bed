/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agents. All that changes anything of the module is done under gpulock_mutex, and every
 * function here wants it held, but where it says else; checks take nothing, and find agents under
 * RCU.
 */
#ifndef GPULOCK_AGENT_H
#define GPULOCK_AGENT_H

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/types.h>

#include "grants.h"
#include "quota.h"

/* Counted per CPU, so that checks on two CPUs do not share a cache line. */
struct check_counts {
	u64 checks;
	u64 denials;
};

struct agent {
	struct hlist_node hashed; /* by id, under RCU */
	u32 id;
	struct grants grants;
	struct check_counts __percpu *counts;
	struct check_counts forgotten; /* by reset_stats: CPUs only ever count up */
	struct quota quota;
	u64 device_mask;
	struct list_head listed; /* by ascending id */
	struct list_head allocations;
};

#define AGENT_HASH_BITS 8

extern struct mutex gpulock_mutex;
extern struct hlist_head agents_hashed[1 << AGENT_HASH_BITS];
extern struct list_head agents_listed;
extern unsigned int agents_count;

/* In an RCU read-side section, or under the mutex. */
static inline struct agent *agent_find_rcu(u32 id)
{
	struct agent *agent;

	hlist_for_each_entry_rcu(agent, &agents_hashed[hash_32(id, AGENT_HASH_BITS)], hashed,
				 lockdep_is_held(&gpulock_mutex))
		if (agent->id == id)
			return agent;
	return NULL;
}

/*
 * The agent, or a new one with the default quota that nobody finds yet, which agent_keep()
 * publishes and agent_drop() frees: whoever fails after all leaves none behind. NULL: no memory, or
 * there are max_agents.
 */
struct agent *agent_get(u32 id);
void agent_keep(struct agent *agent);
void agent_drop(struct agent *agent);

/* Grants have changed: they are indexed again when they have not for a tenth of a second. */
void agents_index_later(void);
/* Waits for that to end, and for what takes the mutex: it is not to be held. */
void agents_index_stop(void);

/* Takes an agent and all that it has away; what others hold of it is gone when it returns. */
void agent_remove(struct agent *agent);
/* The same for all. */
void agents_remove(void);

/* The first agent whose id is id or more; NULL none. */
struct agent *agent_at(u32 id);

/* Counts since the last reset. */
struct check_counts agent_counts(const struct agent *agent);

#endif
