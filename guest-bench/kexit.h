/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the guest program asks of kexit.ko through /dev/kexit. Rows are named by their wire number
 * of exits.def; a row that is not of the right context gives EINVAL.
 */
#ifndef EXITLAB_KEXIT_H
#define EXITLAB_KEXIT_H

#ifdef __KERNEL__
#include <linux/ioctl.h>
#include <linux/types.h>
#else
#include <stdint.h>
#include <sys/ioctl.h>
#endif

/* Most samples of one KEXIT_SAMPLE: at 20 us each, nothing else is scheduled for a millisecond. */
#define KEXIT_BATCH 64u

struct kexit_batch {
	uint32_t row;
	uint32_t count;	  /* 1 to KEXIT_BATCH */
	uint64_t samples; /* user address of count u32: ticks, saturating */
};

/* Execute a syscall row's instruction once; the argument is the wire number. Timed from ring 3. */
#define KEXIT_EXECUTE _IO('x', 1)
/* Time a kernel row's instruction count times: preemption off, interrupts off in each sample. */
#define KEXIT_SAMPLE  _IOW('x', 2, struct kexit_batch)
/* Write a uint32_t: the kernel's tsc_khz. */
#define KEXIT_TSC_KHZ _IOR('x', 3, uint32_t)

#endif
