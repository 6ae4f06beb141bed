// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stdio.h>

#include "cpus.h"

/* The next part of "0-3,8". False: there is none. */
static bool next_range(FILE *file, int *first, int *last)
{
	if (fscanf(file, "%d", first) != 1)
		return false;
	if (fscanf(file, "-%d", last) != 1)
		*last = *first;
	getc(file); /* the comma */
	return true;
}

static void read_list(const char *path, cpu_set_t *set)
{
	FILE *file = fopen(path, "re");
	int first, last;

	CPU_ZERO(set);
	while (file && next_range(file, &first, &last))
		for (int cpu = first; cpu >= 0 && cpu <= last && cpu < CPU_SETSIZE; cpu++)
			CPU_SET(cpu, set);
	if (file)
		fclose(file);
}

int cpus_last(const cpu_set_t *usable, const char *fast)
{
	cpu_set_t set;
	int last = -1;

	read_list(fast, &set);
	CPU_AND(&set, &set, usable);
	if (!CPU_COUNT(&set))
		set = *usable;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			last = cpu;
	return last;
}
