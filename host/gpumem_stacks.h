/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stacks that the programs of gpumem have sent, by their keys. */
#ifndef EXITLAB_GPUMEM_STACKS_H
#define EXITLAB_GPUMEM_STACKS_H

#include <jansson.h>
#include <stdio.h>

#include "gpumem_modules.h"
#include "gpumem_shared.h"

struct gpumem_trace;

struct gpumem_stacks {
	struct gpumem_modules modules;
	struct gpumem_trace **slots; /* an open-addressing table, a power of two */
	size_t number, size;
};

/* An event of the life of a process: what it has mapped is read or forgotten. */
void gpumem_stacks_heed(struct gpumem_stacks *stacks, const struct gpumem_event *event);

/* Ends the process when there is no memory. */
void gpumem_stacks_take(struct gpumem_stacks *stacks, const struct gpumem_stack *stack);

/* A line for each of its calls, the innermost first, each begun with a tab. */
void gpumem_stacks_print(FILE *out, const struct gpumem_stacks *stacks, uint64_t key);

/* The same as an array; it is empty where the stack is unknown. */
json_t *gpumem_stacks_json(const struct gpumem_stacks *stacks, uint64_t key);

void gpumem_stacks_end(struct gpumem_stacks *stacks);

#endif
