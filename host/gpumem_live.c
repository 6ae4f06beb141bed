// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "gpumem_live.h"
#include "util.h"

#define LEAST	8			/* slots of a part that has any */
#define MAPPED	(128u << 10)		/* bytes from which on a part is a mapping of its own */
#define PART(h) ((h) >> 58)		/* 64 of them */
#define LOW(h)	((uint32_t)((h) >> 16)) /* other bits than PART() */

_Static_assert(sizeof(struct gpumem_pointer) == 24, "32 bytes a live pointer, growth counted in");

struct gpumem_pointer gpumem_pointer(uint64_t pointer, uint64_t bytes, uint64_t time,
				     uint32_t origin)
{
	return (struct gpumem_pointer){
		.pointer = pointer,
		.bytes = bytes,
		.time_high = time >> 40,
		.time_low = time,
		.origin = origin,
	};
}

int64_t gpumem_pointer_age(const struct gpumem_pointer *pointer, uint64_t time)
{
	uint64_t given = (uint64_t)pointer->time_high << 40 | pointer->time_low;

	/* The difference of the 56 bits, with its sign. */
	return (int64_t)((time - given) << 8) >> 8;
}

/* Pointers differ in their middle bits: all of them go into the upper ones. */
static uint64_t hash(uint64_t pointer)
{
	pointer ^= pointer >> 32;
	pointer *= 0x9e3779b97f4a7c15ull;
	pointer ^= pointer >> 29;
	return pointer * 0xbf58476d1ce4e5b9ull;
}

/* Where a pointer belongs in a table of any size: the hash as a fraction of it. */
static uint32_t home(uint64_t pointer, uint32_t size)
{
	return (uint64_t)LOW(hash(pointer)) * size >> 32;
}

static uint32_t next(uint32_t at, uint32_t size)
{
	return at + 1 < size ? at + 1 : 0;
}

static struct gpumem_pointer *make_slots(uint32_t size)
{
	size_t bytes = size * sizeof(struct gpumem_pointer);
	void *slots;

	/* A mapping goes back to the system as a whole; what free() takes may stay. */
	if (bytes < MAPPED)
		slots = calloc(1, bytes);
	else
		slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
	if (!slots || slots == MAP_FAILED)
		die("no memory for %zu bytes of live pointers", bytes);
	return slots;
}

static void free_slots(struct gpumem_live_part *part)
{
	size_t bytes = part->size * sizeof(*part->slots);

	if (bytes < MAPPED)
		free(part->slots);
	else
		munmap(part->slots, bytes);
}

static void put(struct gpumem_live_part *part, const struct gpumem_pointer *pointer)
{
	uint32_t at = home(pointer->pointer, part->size);

	while (part->slots[at].pointer)
		at = next(at, part->size);
	part->slots[at] = *pointer;
	part->used++;
}

static void resize(struct gpumem_live_part *part, uint32_t size)
{
	struct gpumem_live_part fresh = {.slots = make_slots(size), .size = size};

	for (uint32_t at = 0; at < part->size; at++)
		if (part->slots[at].pointer)
			put(&fresh, &part->slots[at]);
	free_slots(part);
	*part = fresh;
}

struct gpumem_pointer *gpumem_live_find(const struct gpumem_live *live, uint64_t pointer)
{
	const struct gpumem_live_part *part;

	if (!live->parts)
		return NULL;
	part = &live->parts[PART(hash(pointer))];
	if (!part->used)
		return NULL;
	for (uint32_t at = home(pointer, part->size); part->slots[at].pointer;
	     at = next(at, part->size))
		if (part->slots[at].pointer == pointer)
			return &part->slots[at];
	return NULL;
}

void gpumem_live_add(struct gpumem_live *live, const struct gpumem_pointer *pointer)
{
	struct gpumem_live_part *part;

	if (!live->parts) {
		live->parts = calloc(GPUMEM_LIVE_PARTS, sizeof(*live->parts));
		if (!live->parts)
			die("no memory for live pointers");
	}
	part = &live->parts[PART(hash(pointer->pointer))];
	if (!part->size)
		resize(part, LEAST);
	else if (part->used >= part->size / 8 * 7)
		resize(part, part->size + (part->size / 7 > 8 ? part->size / 7 : 8));
	put(part, pointer);
}

/* The part that a slot is in. */
static struct gpumem_live_part *part_of(struct gpumem_live *live, const struct gpumem_pointer *slot)
{
	return &live->parts[PART(hash(slot->pointer))];
}

void gpumem_live_remove(struct gpumem_live *live, struct gpumem_pointer *slot)
{
	struct gpumem_live_part *part = part_of(live, slot);
	uint32_t hole = slot - part->slots, size = part->size;

	/* One behind the hole moves into it, unless its home lies between: then it would be lost.
	 */
	for (uint32_t at = next(hole, size); part->slots[at].pointer; at = next(at, size)) {
		uint32_t from = home(part->slots[at].pointer, size);

		if ((at + size - from) % size < (at + size - hole) % size)
			continue;
		part->slots[hole] = part->slots[at];
		hole = at;
	}
	memset(&part->slots[hole], 0, sizeof(part->slots[hole]));
	part->used--;
	if (size > 8 * LEAST && part->used < size / 4)
		resize(part, part->used * 2 > LEAST ? part->used * 2 : LEAST);
}

/* What stays is put anew: holes that open amid a walk would move slots across it. */
static void sift_part(struct gpumem_live_part *part,
		      bool (*stays)(void *context, const struct gpumem_pointer *pointer),
		      void *context)
{
	struct gpumem_live_part fresh = {.slots = make_slots(part->size), .size = part->size};

	for (uint32_t at = 0; at < part->size; at++)
		if (part->slots[at].pointer && stays(context, &part->slots[at]))
			put(&fresh, &part->slots[at]);
	free_slots(part);
	*part = fresh;
}

void gpumem_live_sift(struct gpumem_live *live,
		      bool (*stays)(void *context, const struct gpumem_pointer *pointer),
		      void *context)
{
	for (size_t i = 0; live->parts && i < GPUMEM_LIVE_PARTS; i++)
		if (live->parts[i].used)
			sift_part(&live->parts[i], stays, context);
}

void gpumem_live_each(const struct gpumem_live *live,
		      void (*see)(void *context, const struct gpumem_pointer *pointer),
		      void *context)
{
	for (size_t i = 0; live->parts && i < GPUMEM_LIVE_PARTS; i++)
		for (uint32_t at = 0; at < live->parts[i].size; at++)
			if (live->parts[i].slots[at].pointer)
				see(context, &live->parts[i].slots[at]);
}

size_t gpumem_live_memory(const struct gpumem_live *live)
{
	size_t bytes = 0;

	for (size_t i = 0; live->parts && i < GPUMEM_LIVE_PARTS; i++)
		bytes += live->parts[i].size * sizeof(*live->parts[i].slots);
	return bytes;
}

void gpumem_live_clear(struct gpumem_live *live)
{
	for (size_t i = 0; live->parts && i < GPUMEM_LIVE_PARTS; i++)
		free_slots(&live->parts[i]);
	free(live->parts);
	live->parts = NULL;
}
