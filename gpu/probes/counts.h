/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What device/parts/counts.ptx and the probes count, as the host finds it. */
#ifndef EXITLAB_GPU_PROBES_COUNTS_H
#define EXITLAB_GPU_PROBES_COUNTS_H

#include <assert.h>
#include <stdint.h>

#define COUNT_SLOTS 128 /* one for each SM; SMs beyond share them */

/* A line of the cache. What is added to together is in sectors of its own. */
struct count_slot {
	uint64_t entries, overflow, reserved0[2];
	uint64_t exits, nanoseconds, reserved1[2];
	uint64_t accesses, reserved2[3];
	uint64_t events, reserved3[3]; /* of the ring of the same number: also those written over */
};

static_assert(sizeof(struct count_slot) == 128, "as the device has it");

#endif
