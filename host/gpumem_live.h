/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The live pointers of one process and space: an open-addressing table of 24 bytes a slot. It is
 * many small tables, which a part of the hash chooses, each growing by a seventh when seven eighths
 * are used: so it is never less than 76 % full once it has grown, 32 bytes a pointer at most, and
 * growing copies a part of the table, not all of it. What is removed leaves no mark: those behind
 * it move up.
 */
#ifndef EXITLAB_GPUMEM_LIVE_H
#define EXITLAB_GPUMEM_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPUMEM_LIVE_PARTS 64

/* 24 bytes: its members are read and set by the functions below. */
struct gpumem_pointer {
	uint64_t pointer; /* 0: an empty slot */
	uint64_t bytes : 48;
	uint64_t time_high : 16;
	uint64_t time_low : 40;
	uint64_t origin : 24; /* number of a struct gpumem_origin of its process */
};

#define GPUMEM_BYTES_MOST ((1ull << 48) - 1)

struct gpumem_live {
	struct gpumem_live_part {
		struct gpumem_pointer *slots;
		uint32_t size, used;
	} * parts; /* GPUMEM_LIVE_PARTS; NULL: it is empty */
};

/* bytes: GPUMEM_BYTES_MOST at most; origin: 24 bits. */
struct gpumem_pointer gpumem_pointer(uint64_t pointer, uint64_t bytes, uint64_t time,
				     uint32_t origin);

/*
 * ns from when the pointer was given to a time of the same clock; negative: it was given later.
 * Right for a pointer that is younger than a year: 56 bits of its time are kept.
 */
int64_t gpumem_pointer_age(const struct gpumem_pointer *pointer, uint64_t time);

/* The slot of a pointer until the next call; NULL where it is not live. */
struct gpumem_pointer *gpumem_live_find(const struct gpumem_live *live, uint64_t pointer);

/* Adds one that is not there; its pointer is not 0. Ends the process when there is no memory. */
void gpumem_live_add(struct gpumem_live *live, const struct gpumem_pointer *pointer);

/* Removes what gpumem_live_find() has found. */
void gpumem_live_remove(struct gpumem_live *live, struct gpumem_pointer *slot);

/* Shows each to stays() and removes those for which it is false. */
void gpumem_live_sift(struct gpumem_live *live,
		      bool (*stays)(void *context, const struct gpumem_pointer *pointer),
		      void *context);

/* Shows each to see(), in no order. */
void gpumem_live_each(const struct gpumem_live *live,
		      void (*see)(void *context, const struct gpumem_pointer *pointer),
		      void *context);

/* Bytes of all its slots. */
size_t gpumem_live_memory(const struct gpumem_live *live);

/* Empties it and gives its memory back. */
void gpumem_live_clear(struct gpumem_live *live);

#endif
