/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is leaked, by where it came from: what was live when its process ended, and what has been
 * live for long in one that runs.
 */
#ifndef EXITLAB_GPUMEM_LEAKS_H
#define EXITLAB_GPUMEM_LEAKS_H

#include <jansson.h>
#include <stdio.h>

#include "gpumem_account.h"
#include "gpumem_stacks.h"

struct gpumem_leaks {
	const struct gpumem_leak {
		const struct gpumem_account *account;
		const struct gpumem_origin *origin;
	} * all;	/* the most bytes first */
	size_t number;	/* of them */
	uint64_t older; /* ns; the sum of their aged: */
	uint64_t allocations, bytes;
};

/* Of now; accounts->leaks_older says from which age on. Ends the process when there is no memory.
 */
void gpumem_leaks_begin(struct gpumem_leaks *leaks, struct gpumem_accounts *accounts);

/* The first top of them; stacks may be NULL. */
void gpumem_leaks_print(FILE *out, const struct gpumem_leaks *leaks,
			const struct gpumem_stacks *stacks, size_t top);

/* Likewise, an array. */
json_t *gpumem_leaks_json(const struct gpumem_leaks *leaks, const struct gpumem_stacks *stacks,
			  size_t top);

void gpumem_leaks_end(struct gpumem_leaks *leaks);

#endif
