// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A number that a user gives may be a thread's: ps -L and tools that watch vCPUs print these. */
#include <stdio.h>

#include "process_of.h"

pid_t process_of(pid_t thread)
{
	char path[64], line[256];
	pid_t process = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", thread);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (!process && fgets(line, sizeof(line), file))
		sscanf(line, "Tgid: %d", &process);
	fclose(file);
	return process;
}
