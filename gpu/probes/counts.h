/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What device/parts/counts.ptx and the probes count, as the host finds it. */
#ifndef EXITLAB_GPU_PROBES_COUNTS_H
#define EXITLAB_GPU_PROBES_COUNTS_H

#include <assert.h>
#include <stdint.h>

#define COUNT_SLOTS 512 /* four for each SM; SMs beyond 128 share them */

enum count_kind {
	COUNT_ENTRIES, /* extra: hits that found no room in what is kept */
	COUNT_EXITS,   /* extra: nanoseconds from entry to exit, of all threads */
	COUNT_ACCESSES,
	COUNT_EVENTS, /* of the ring of the same number: also those written over */
	COUNT_KINDS
};

/* A line of the cache. */
struct count_slot {
	uint64_t count, extra, reserved[14];
};

struct count_slots {
	struct count_slot of[COUNT_KINDS][COUNT_SLOTS];
};

static_assert(sizeof(struct count_slot) == 128, "as the device has it");

#endif
