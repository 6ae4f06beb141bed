// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See stats.h. */
#include <linux/minmax.h>

#include "stats.h"

struct totals totals;
DEFINE_PER_CPU(struct check_counts, nobody_counts);

static struct check_counts retired, nobody_forgotten;

struct check_counts stats_sum(const struct check_counts __percpu *counts)
{
	struct check_counts sum = {};
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct check_counts *here = per_cpu_ptr(counts, cpu);

		sum.checks += READ_ONCE(here->checks);
		sum.denials += READ_ONCE(here->denials);
	}
	return sum;
}

/*
 * A check is counted, and then that it was denied, so one under way may be in one sum and not in
 * the other; there are never more denials than checks all the same.
 */
struct check_counts stats_since(const struct check_counts __percpu *counts,
				const struct check_counts *forgotten)
{
	struct check_counts ever = stats_sum(counts);
	u64 checks = ever.checks - forgotten->checks;

	return (struct check_counts){checks, min(ever.denials - forgotten->denials, checks)};
}

static void add(struct check_counts *to, struct check_counts more)
{
	to->checks += more.checks;
	to->denials += more.denials;
}

void stats_retire(const struct agent *agent)
{
	add(&retired, agent_counts(agent));
}

struct check_counts stats_checks(void)
{
	struct check_counts sum = stats_since(&nobody_counts, &nobody_forgotten);
	struct agent *agent;

	add(&sum, retired);
	list_for_each_entry(agent, &agents_listed, listed)
		add(&sum, agent_counts(agent));
	return sum;
}

/*
 * Another CPU's count cannot be set to 0 while that CPU counts; what it was is remembered instead.
 */
void stats_reset(void)
{
	struct agent *agent;

	totals = (struct totals){};
	retired = (struct check_counts){};
	nobody_forgotten = stats_sum(&nobody_counts);
	list_for_each_entry(agent, &agents_listed, listed)
		agent->forgotten = stats_sum(agent->counts);
}
