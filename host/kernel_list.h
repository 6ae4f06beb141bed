/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's lists of numbers, of CPUs and of NUMA nodes: "0-3,8". */
#ifndef EXITLAB_KERNEL_LIST_H
#define EXITLAB_KERNEL_LIST_H

#include <stdbool.h>
#include <stdio.h>

/* Takes the next range off the list; of one number both are the same. False: *list begins with
 * none. */
static inline bool kernel_list_next(const char **list, int *first, int *last)
{
	int length;

	if (sscanf(*list, "%d%n", first, &length) != 1)
		return false;
	*list += length;
	*last = *first;
	if (sscanf(*list, "-%d%n", last, &length) == 1)
		*list += length;
	*list += **list == ',';
	return true;
}

#endif
