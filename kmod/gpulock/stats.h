/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the module counts of itself, beside what each agent has; under gpulock_mutex but where said.
 */
#ifndef GPULOCK_STATS_H
#define GPULOCK_STATS_H

#include "agent.h"

/* One line each of /proc/swarm/gpu/stats; all since the module was loaded, or since reset_stats. */
#define TOTALS(TOTAL)                                                                              \
	TOTAL(allocated)  /* allocations made */                                                   \
	TOTAL(freed)	  /* and freed, by whatever means */                                       \
	TOTAL(over_quota) /* and refused for the quota */                                          \
	TOTAL(granted)                                                                             \
	TOTAL(revoked)

struct totals {
#define TOTAL(name) u64 name;
	TOTALS(TOTAL)
#undef TOTAL
};

extern struct totals totals;

/* Checks of agents that nobody knows; any context. */
DECLARE_PER_CPU(struct check_counts, nobody_counts);

/* Sums what the CPUs counted. */
struct check_counts stats_sum(const struct check_counts __percpu *counts);

/* The same less what was forgotten. */
struct check_counts stats_since(const struct check_counts __percpu *counts,
				const struct check_counts *forgotten);

/* Keeps the counts of an agent that goes. */
void stats_retire(const struct agent *agent);

/* Checks of all agents, those that are gone and those that never were among them. */
struct check_counts stats_checks(void);

void stats_reset(void);

#endif
