/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the allocations of a process come from: what kind of memory, on which device, in which
 * context, by which calls of the program. Each such origin has a number, which is all that a live
 * pointer keeps of it, and its own totals.
 */
#ifndef EXITLAB_GPUMEM_ORIGIN_H
#define EXITLAB_GPUMEM_ORIGIN_H

#include <stddef.h>
#include <stdint.h>

#include "gpumem_counts.h"
#include "gpumem_shared.h"

#define GPUMEM_ORIGINS_MOST (1u << 18) /* of a process, some 50 MB; less than 24 bits */

/* One device, of one process or of all. */
struct gpumem_device {
	struct gpumem_device *next; /* in the order of their numbers */
	struct gpumem_device *all;  /* the same of all processes; NULL: it is that */
	uint8_t number;		    /* its ordinal; GPUMEM_NO_DEVICE, GPUMEM_UNKNOWN_DEVICE */
	struct gpumem_counts counts;
};

/* Those of a list's pointers that are at least so old. */
struct gpumem_aged {
	uint64_t number, bytes;
	uint64_t oldest; /* ns */
};

struct gpumem_origin {
	uint64_t stack;	  /* its key in gpumem_stacks; 0: unknown, or not asked for */
	uint32_t context; /* as in struct gpumem_event */
	uint8_t kind;	  /* enum gpumem_kind; GPUMEM_KINDS: of all that found no room */
	uint8_t device;	  /* as in struct gpumem_event */
	struct gpumem_device *of;
	struct gpumem_counts counts;
	struct gpumem_aged aged; /* what is shown as leaked */
};

struct gpumem_origins {
	struct gpumem_origin *all; /* the first is that of all that found no room */
	uint32_t number, room;
	uint32_t *slots; /* an open-addressing table of their numbers */
	uint32_t size;	 /* of it, a power of two */
	uint32_t last;	 /* that was asked for */
};

/*
 * The number of the origin with these, which is made where there is none yet, with of NULL. 0 where
 * there are too many. Ends the process when there is no memory. Pointers to origins are valid until
 * the next call.
 */
uint32_t gpumem_origins_number(struct gpumem_origins *origins, enum gpumem_kind kind,
			       uint8_t device, uint32_t context, uint64_t stack);

void gpumem_origins_clear(struct gpumem_origins *origins);

/* The device of a number in a list, which is added where it is not there. Likewise ends. */
struct gpumem_device *gpumem_device(struct gpumem_device **list, uint8_t number);

void gpumem_devices_clear(struct gpumem_device **list);

/* "0", "host" or "unknown"; text has 8 bytes. */
const char *gpumem_device_name(uint8_t number, char text[8]);

/* "device", "managed", ... */
const char *gpumem_kind_name(uint8_t kind);

#endif
