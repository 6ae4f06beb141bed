// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "gpumem_stress.h"

/* Do two CPUs share a core? Where the kernel does not say, no. */
static bool share_core(int one, int other)
{
	char lists[2][128] = {"1", "2"};

	for (int i = 0; i < 2; i++) {
		char path[128];
		FILE *file;

		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
			 i ? other : one);
		file = fopen(path, "re");
		if (file && !fgets(lists[i], sizeof(lists[i]), file))
			snprintf(lists[i], sizeof(lists[i]), "%d", i);
		if (file)
			fclose(file);
	}
	return !strcmp(lists[0], lists[1]);
}

/* The last CPU, not a mate of its core's; -1: there is none. beside -1: the last of all. */
static int last_of(const cpu_set_t *all, int beside, bool any)
{
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, all) && cpu != beside &&
		    (beside < 0 || any || !share_core(cpu, beside)))
			return cpu;
	return -1;
}

void stress_place(struct stress_run *run)
{
	cpu_set_t all;

	run->tracer_cpu = run->victim_cpu = -1;
	if (sched_getaffinity(0, sizeof(all), &all))
		memset(&all, 0xff, sizeof(all));
	run->tracer = run->victim = run->others = all;
	if (CPU_COUNT(&all) < 2 || CPU_COUNT(&all) == CPU_SETSIZE)
		return;
	run->victim_cpu = last_of(&all, -1, true);
	run->tracer_cpu = last_of(&all, run->victim_cpu, false);
	if (run->tracer_cpu < 0)
		run->tracer_cpu = last_of(&all, run->victim_cpu, true);
	CPU_ZERO(&run->tracer);
	CPU_SET(run->tracer_cpu, &run->tracer);
	CPU_ZERO(&run->victim);
	CPU_SET(run->victim_cpu, &run->victim);
	CPU_CLR(run->victim_cpu, &run->others);
}
