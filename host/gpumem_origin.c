// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpumem_origin.h"
#include "util.h"

_Static_assert(GPUMEM_ORIGINS_MOST < 1u << 24, "a live pointer has 24 bits for it");

static bool is_it(const struct gpumem_origin *origin, enum gpumem_kind kind, uint8_t device,
		  uint32_t context, uint64_t stack)
{
	return origin->stack == stack && origin->context == context && origin->kind == kind &&
	       origin->device == device;
}

static uint32_t hash(uint64_t key)
{
	key *= 0x9e3779b97f4a7c15ull;
	key ^= key >> 32;
	return key * 0xbf58476d1ce4e5b9ull >> 32;
}

static uint32_t home(const struct gpumem_origins *origins, enum gpumem_kind kind, uint8_t device,
		     uint32_t context, uint64_t stack)
{
	return hash(stack ^ ((uint64_t)context << 16 | device << 8 | kind)) & (origins->size - 1);
}

static void put(struct gpumem_origins *origins, uint32_t number)
{
	const struct gpumem_origin *origin = &origins->all[number];
	uint32_t at = home(origins, origin->kind, origin->device, origin->context, origin->stack);

	while (origins->slots[at])
		at = (at + 1) & (origins->size - 1);
	origins->slots[at] = number;
}

/* Room for one more, in a table that is at most half full. */
static void grow(struct gpumem_origins *origins)
{
	if (origins->number < origins->room)
		return;
	origins->room = origins->room ? origins->room * 2 : 8;
	origins->all = realloc(origins->all, origins->room * sizeof(*origins->all));
	free(origins->slots);
	origins->size = origins->room * 2;
	origins->slots = calloc(origins->size, sizeof(*origins->slots));
	if (!origins->all || !origins->slots)
		die("no memory for where allocations come from");
	for (uint32_t number = 1; number < origins->number; number++)
		put(origins, number);
}

static uint32_t add(struct gpumem_origins *origins, const struct gpumem_origin *origin)
{
	grow(origins);
	origins->all[origins->number] = *origin;
	return origins->number++;
}

uint32_t gpumem_origins_number(struct gpumem_origins *origins, enum gpumem_kind kind,
			       uint8_t device, uint32_t context, uint64_t stack)
{
	struct gpumem_origin fresh = {
		.stack = stack, .context = context, .kind = kind, .device = device};
	static const struct gpumem_origin others = {.kind = GPUMEM_KINDS,
						    .device = GPUMEM_UNKNOWN_DEVICE};
	uint32_t at;

	if (!origins->number)
		add(origins, &others);
	if (is_it(&origins->all[origins->last], kind, device, context, stack))
		return origins->last;
	for (at = home(origins, kind, device, context, stack); origins->slots[at];
	     at = (at + 1) & (origins->size - 1))
		if (is_it(&origins->all[origins->slots[at]], kind, device, context, stack))
			return origins->last = origins->slots[at];
	if (origins->number >= GPUMEM_ORIGINS_MOST)
		return 0;
	origins->last = add(origins, &fresh);
	put(origins, origins->last);
	return origins->last;
}

void gpumem_origins_clear(struct gpumem_origins *origins)
{
	free(origins->all);
	free(origins->slots);
	memset(origins, 0, sizeof(*origins));
}

struct gpumem_device *gpumem_device(struct gpumem_device **list, uint8_t number)
{
	struct gpumem_device *fresh;

	for (; *list && (*list)->number <= number; list = &(*list)->next)
		if ((*list)->number == number)
			return *list;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		die("no memory for another device");
	fresh->number = number;
	fresh->next = *list;
	*list = fresh;
	return fresh;
}

void gpumem_devices_clear(struct gpumem_device **list)
{
	struct gpumem_device *next;

	for (struct gpumem_device *device = *list; device; device = next) {
		next = device->next;
		free(device);
	}
	*list = NULL;
}

const char *gpumem_device_name(uint8_t number, char text[8])
{
	if (number == GPUMEM_NO_DEVICE)
		return "host";
	if (number == GPUMEM_UNKNOWN_DEVICE)
		return "unknown";
	snprintf(text, 8, "%u", number);
	return text;
}

const char *gpumem_kind_name(uint8_t kind)
{
	static const char *const names[] = {"device",	"managed", "pool",
					    "physical", "host",	   "other"};

	return names[kind];
}
