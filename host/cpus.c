// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>

#include "cpus.h"
#include "kernel_list.h"

static void read_list(const char *path, cpu_set_t *set)
{
	char text[4096] = "";
	const char *list = text;
	FILE *file = fopen(path, "re");
	int first, last;

	CPU_ZERO(set);
	if (!file)
		return;
	if (fgets(text, sizeof(text), file))
		while (kernel_list_next(&list, &first, &last))
			for (int cpu = first; cpu >= 0 && cpu <= last && cpu < CPU_SETSIZE; cpu++)
				CPU_SET(cpu, set);
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
