/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What gpulock exports to drivers in the kernel. */
#ifndef EXITLAB_GPULOCK_H
#define EXITLAB_GPULOCK_H

#include <linux/types.h>

#include "gpulock_uapi.h"

/*
 * May the agent access all of [start, start + size - 1]? access: GPULOCK_* bits, all asked for.
 *
 * 0 it may; -EACCES it may not, or is not known; -EINVAL size 0, a range beyond the last address,
 * agent 0, or an access that is none. Any context, hard interrupts included: takes no lock,
 * allocates nothing and writes to this CPU's memory only.
 *
 * The answer holds until the caller leaves the RCU read-side section that it called from, since
 * REVOKE waits for that before it returns. A driver so starts its DMA within the section:
 *
 *	rcu_read_lock();
 *	error = gpulock_check(agent, dma, length, GPULOCK_WRITE);
 *	if (!error)
 *		start_transfer(dma, length);
 *	rcu_read_unlock();
 *
 * and ends what is still under way on a range before it asks for that range to be revoked.
 */
int gpulock_check(u32 agent, u64 start, u64 size, u32 access);

#endif
