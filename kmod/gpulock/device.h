/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The GPUs that may be allocated on, numbered from 0: the display controllers on the PCI bus, or as
 * many virtual ones as the parameter says. Under gpulock_mutex.
 */
#ifndef GPULOCK_DEVICE_H
#define GPULOCK_DEVICE_H

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/nospec.h>
#include <linux/pci.h>
#include <linux/types.h>

#include "gpulock_uapi.h"

struct device_slot {
	bool present;
	bool virtual;
	char name[32];	     /* "virtual", or of a PCI device its address; kept when that is gone */
	u16 vendor, product; /* of PCI; 0 where virtual */
	u64 used;	     /* bytes */
	struct list_head allocations;
};

extern struct device_slot device_slots[GPULOCK_DEVICES_MOST];

/* Each device has addresses of its own, of which the module hands out ranges. */
#define DEVICE_WINDOW_BITS 56
#define DEVICE_WINDOW	   BIT_ULL(DEVICE_WINDOW_BITS)

static inline u64 device_window(u32 index)
{
	return (u64)(index + 1) << DEVICE_WINDOW_BITS;
}

/* A device that can be allocated on, or NULL. */
static inline struct device_slot *device_find(u32 index)
{
	struct device_slot *slot;

	if (index >= GPULOCK_DEVICES_MOST)
		return NULL;
	/* Who asks names it: not even on a path that is only guessed is what lies behind read. */
	slot = &device_slots[array_index_nospec(index, GPULOCK_DEVICES_MOST)];
	return slot->present ? slot : NULL;
}

/* how: the parameter devices: "auto", "auto,N" or "N". 0 or an errno; takes the mutex itself. */
int devices_start(const char *how);
void devices_stop(void);

#endif
