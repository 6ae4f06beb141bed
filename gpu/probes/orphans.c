// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "orphans.h"

#define AT_A_TIME 64

/* Of a shell that became us: a tee that our output goes to, as like as not. */
static pid_t inherited[AT_A_TIME];
static int inherited_count;

static int children(pid_t list[AT_A_TIME])
{
	FILE *file = fopen("/proc/thread-self/children", "re");
	int count = 0;

	if (!file)
		return 0;
	while (count < AT_A_TIME && fscanf(file, "%d", &list[count]) == 1)
		count++;
	fclose(file);
	return count;
}

static bool is_inherited(pid_t child)
{
	for (int i = 0; i < inherited_count; i++)
		if (inherited[i] == child)
			return true;
	return false;
}

void orphans_adopt(void)
{
	inherited_count = children(inherited);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void orphans_end(void)
{
	pid_t list[AT_A_TIME];
	bool any;

	/* Whose parent is ended here comes to us next. */
	do {
		int count = children(list);

		any = false;
		for (int i = 0; i < count; i++) {
			if (is_inherited(list[i]))
				continue;
			any = true;
			kill(list[i], SIGKILL);
			while (waitpid(list[i], NULL, 0) < 0 && errno == EINTR)
				;
		}
	} while (any);
}
