/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What device/parts/counts.ptx and the probes count, as the host finds it. */
#ifndef EXITLAB_GPU_PROBES_COUNTS_H
#define EXITLAB_GPU_PROBES_COUNTS_H

#include <assert.h>
#include <stdint.h>

#define COUNT_SLOTS 128 /* one for each SM; SMs beyond share them */

struct count_slot {
	uint64_t entries, exits, accesses;
	uint64_t nanoseconds;
	uint64_t events;   /* of the ring of the same number: also those written over */
	uint64_t overflow; /* hits without room */
	uint64_t reserved[10];
};

static_assert(sizeof(struct count_slot) == 128, "as the device has it");

#endif
