/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The cheap comparator of the kernel's probes: a library that is preloaded stands before
 * cuLaunchKernel. What it counts is in memory that it shares with the process that is the probe.
 */
#ifndef EXITLAB_PROBES_PRELOAD_H
#define EXITLAB_PROBES_PRELOAD_H

#include <stdint.h>

#include "host_event.h"

/* The variables by which the library is told: a name of uprobe.def, the file to map. */
#define PRELOAD_NAME "EXITLAB_PRELOAD"
#define PRELOAD_FILE "EXITLAB_PRELOAD_FILE"

#define PRELOAD_CPUS   1024
#define PRELOAD_EVENTS (HOST_RING_BYTES / 32)

struct preload_event {
	_Atomic uint64_t turn; /* place of the event that may be written here, one more: is here */
	struct host_event event;
};

/* All zero at the start, but for the turns: each its index. */
struct preload_shared {
	_Atomic uint64_t entries, exits, lost;
	struct {
		uint64_t count;
	} __attribute__((aligned(64))) cpus[PRELOAD_CPUS];
	struct {
		_Atomic uint64_t function, count;
	} kernels[HOST_KERNELS];
	_Atomic uint64_t next __attribute__((aligned(64)));   /* place of the next event */
	_Atomic uint32_t asleep __attribute__((aligned(64))); /* the reader is: a futex */
	struct preload_event events[PRELOAD_EVENTS];
};

#endif
