/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The check, in line: the batch saves the call. Drivers call gpulock_check(), which is this; see
 * gpulock.h.
 */
#ifndef GPULOCK_CHECK_H
#define GPULOCK_CHECK_H

#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "agent.h"
#include "gpulock.h"
#include "stats.h"

static __always_inline int check(u32 id, u64 start, u64 size, u32 access)
{
	u64 last = start + (size - 1);
	struct agent *agent;
	int answer = -EACCES;

	if (unlikely(!size || last < start || !id || !access || access & ~GPULOCK_ACCESS_MASK))
		return -EINVAL;
	rcu_read_lock();
	agent = agent_find_rcu(id);
	if (likely(agent)) {
		this_cpu_inc(agent->counts->checks);
		if (likely(grants_allow(&agent->grants, start, last, access)))
			answer = 0;
		else
			this_cpu_inc(agent->counts->denials);
	} else {
		this_cpu_inc(nobody_counts.checks);
		this_cpu_inc(nobody_counts.denials);
	}
	rcu_read_unlock();
	return answer;
}

#endif
