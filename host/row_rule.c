// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <string.h>

#include "json_file.h"
#include "row_rule.h"

/*
 * The first that fits. The margins of GPU runs are wider than those of intervals of one run would
 * have to be: clocks, placement of memory and what the driver did before are the same for all
 * samples of a run and differ in the next.
 */
static const struct row_rule rules[] = {
	/* Bytes that another tenant could read: one is too many, in one sample of many, too. */
	{"gpu", "IS-005", NULL, NULL, true, 0, 0, 1, "max"},
	/* A coefficient of variation: windows begin anywhere in the slices of the others. */
	{"gpu", "IS-007", NULL, NULL, true, 0.05, 0.04, 1, "p50"},
	/* Beside requests of 20 us of the host, which vary as OH-001 does, slices of 2 ms. */
	{"gpu", "IS-009", NULL, NULL, true, 0.25, 2, 100, "p50"},
	/* Which lines collide in the L2 is a matter of physical addresses, others in each run. */
	{"gpu", "CACHE-001", NULL, NULL, true, 0.05, 6, 100, "p50"},
	{"gpu", "CACHE-002", NULL, NULL, true, 0.05, 6, 100, "p50"},
	{"gpu", "CACHE-003", NULL, NULL, true, 0.15, 6, 100, "p50"},
	/* A ratio of two latencies of the driver. */
	{"gpu", "FRAG-002", NULL, NULL, true, 0.05, 10, 100, "p50"},
	/*
	 * Losses and shares: 2 percentage points. Each is made of two measurements of the same run,
	 * and of these one in a hundred is what does not repeat. Where one is far above 100 % it
	 * stands for a ratio, whose margin it gets.
	 */
	{"gpu", NULL, "%", NULL, true, 0.05, 2, 100, "p50"},
	/* What a library adds to a call of 2 us: 2 % of that are what a launch varies by. */
	{"gpu", NULL, "ns", NULL, true, 0.10, 50, 0, "p50"},
	/* What one kernel takes longer beside another, which may be nothing: a launch or two, us.
	 */
	{"gpu", "SCHED-004", NULL, NULL, true, 0.10, 5, 0, "p50"},
	/* As pairs of runs on a virtual machine with an H200 differed at most, and half as much
	   again: a launch by 12 %, allocations by 18 %, frees by 41 % (which wait for the device),
	   the driver's locks by 23 %, pageable copies by 40 %, the error of a fault, which comes
	   after 100 or after 150 ms, by 49 %. */
	{"gpu", "OH-001", NULL, NULL, false, 0.20, 0, 0, "p50"},
	{"gpu", "OH-002", NULL, NULL, false, 0.40, 0, 0, "p50"},
	{"gpu", "OH-003", NULL, NULL, false, 0.75, 0, 0, "p50"},
	{"gpu", "OH-006", NULL, NULL, false, 0.35, 0, 0, "p50"},
	{"gpu", "PCIE-004", NULL, NULL, false, 0.50, 0, 0, "p50"},
	{"gpu", "IS-010", NULL, NULL, false, 0.75, 0, 0, "p50"},
	{"gpu", "OH-004", NULL, NULL, false, 0.20, 0, 0, "p50"},
	{"gpu", "SCHED-002", NULL, NULL, false, 0.15, 0, 0, "p50"},
	{"gpu", "ERR-001", NULL, NULL, false, 0.75, 0, 0, "p50"},
	{"gpu", "ERR-002", NULL, NULL, false, 0.20, 0, 0, "p50"},
	/* Other calls of the driver: its heap and locks are not the same in every process. */
	{"gpu", NULL, NULL, "host", false, 0.10, 0, 0, "p50"},
	/* The device's own time: clocks within what its power and temperature make of them. */
	{"gpu", NULL, NULL, NULL, false, 0.05, 0, 0, "p50"},
	/* A launch and its completion: the driver places its queue elsewhere in each process. */
	{"gpu-overhead", NULL, NULL, NULL, false, 0.10, 0, 0, "p50"},
	/* Instructions are counted. */
	{NULL, NULL, NULL, "insn", false, 0, 0, 0, "p50"},
	/* 1 % is what a boot repeats to on a host that is left alone. */
	{NULL, NULL, NULL, NULL, false, 0.01, 0, 0, "p50"},
};

static bool fits(const char *wanted, const char *is)
{
	return !wanted || !strcmp(wanted, is);
}

const struct row_rule *row_rule(const json_t *summary, const json_t *row)
{
	const char *clock = json_text(json_object_get(row, "clock") ? row : summary, "clock");
	const struct row_rule *rule = rules;

	while (!(fits(rule->kind, json_text(summary, "kind")) &&
		 fits(rule->metric, json_text(row, "metric")) &&
		 fits(rule->unit, json_text(row, "unit")) && fits(rule->clock, clock)))
		rule++;
	return rule;
}

const char *row_scale(const struct row_rule *rule)
{
	return rule->difference ? "difference" : "ratio";
}

double row_margin(const struct row_rule *rule, double base)
{
	return rule->difference ? fmax(rule->absolute, rule->share * fabs(base)) : rule->share;
}
