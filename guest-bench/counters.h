/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What disturbed a sample, as far as the guest can tell: counters of the guest's kernel and of KVM
 * that change when the vCPU is interrupted or taken away. Read before and after the bracket, never
 * inside, by the same code in ring 3 (pages that kexit.ko maps) and ring 0.
 */
#ifndef EXITLAB_COUNTERS_H
#define EXITLAB_COUNTERS_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#include "record.h"

/* Where they are; one that is absent points to a 0 that never changes. */
struct counters {
	const volatile uint32_t *timer;
	const volatile uint64_t *device, *steal;
};

struct counts {
	uint64_t interrupts, steal;
};

/* Plain loads: all three only grow, and by this vCPU or while it does not run. */
static inline struct counts counters_read(const struct counters *counters)
{
	return (struct counts){*counters->timer + *counters->device, *counters->steal};
}

/* DISTURBED_* bits of what happened since before was read; 0: nothing. */
static inline uint8_t counters_causes(const struct counters *counters, struct counts before)
{
	struct counts now = counters_read(counters);

	return (now.interrupts != before.interrupts ? DISTURBED_INTERRUPT : 0) |
	       (now.steal != before.steal ? DISTURBED_STEAL : 0);
}

#endif
