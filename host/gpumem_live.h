/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The live pointers of one process: an open-addressing table of 24 bytes a slot. It is many small
 * tables, which a part of the hash chooses, each growing by a seventh when seven eighths are used:
 * so it is never less than 76 % full once it has grown, 32 bytes a pointer at most, and growing
 * copies a part of the table, not all of it. What is removed leaves no mark: those behind it move
 * up.
 */
#ifndef EXITLAB_GPUMEM_LIVE_H
#define EXITLAB_GPUMEM_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpumem_shared.h"

#define GPUMEM_LIVE_PARTS 64

struct gpumem_pointer {
	uint64_t pointer;   /* 0: an empty slot */
	uint64_t time : 56; /* ns, when it was given */
	uint64_t kind : 8;  /* enum gpumem_kind */
	uint64_t bytes;
};

struct gpumem_live {
	struct gpumem_live_part {
		struct gpumem_pointer *slots;
		uint32_t size, used;
	} parts[GPUMEM_LIVE_PARTS];
};

/* May pointers of the two kinds be freed by the same call? */
bool gpumem_one_space(enum gpumem_kind a, enum gpumem_kind b);

/* The slot of a pointer of a kind's space, until the next call; NULL where it is not live. */
struct gpumem_pointer *gpumem_live_find(const struct gpumem_live *live, uint64_t pointer,
					enum gpumem_kind kind);

/* Adds one that is not there; its pointer is not 0. Ends the process when there is no memory. */
void gpumem_live_add(struct gpumem_live *live, const struct gpumem_pointer *pointer);

/* Removes what gpumem_live_find() has found. */
void gpumem_live_remove(struct gpumem_live *live, struct gpumem_pointer *slot);

/* Bytes of all its slots. */
size_t gpumem_live_memory(const struct gpumem_live *live);

/* Empties it and gives its memory back. */
void gpumem_live_clear(struct gpumem_live *live);

#endif
