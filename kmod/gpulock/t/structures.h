/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ways to keep grants, behind one table, for the benchmark alone. */
#ifndef GPULOCK_T_STRUCTURES_H
#define GPULOCK_T_STRUCTURES_H

#include <linux/types.h>

struct structure {
	void *(*create)(void); /* NULL: no memory */
	int (*add)(void *of, u64 start, u64 last, u32 access);
	bool (*allow)(void *of, u64 start, u64 last, u32 access); /* under RCU */
	void (*destroy)(void *of);
};

extern const struct structure structure_maple, structure_maple_alloc, structure_list,
	structure_rhashtable, structure_index;

#endif
