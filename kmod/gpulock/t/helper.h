/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tests ask of gpulock_helper.ko through /dev/gpulock_helper: to be a driver, and to do
 * wrong.
 */
#ifndef GPULOCK_T_HELPER_H
#define GPULOCK_T_HELPER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * A reader: checks once, in an RCU read-side section, and stays in it until it is released, for
 * hold_ms at most, as a driver whose transfer is under way. Returns once the reader is in its
 * section; one at a time.
 */
struct helper_hold {
	__u32 agent;
	__u32 access;
	__u64 start;
	__u64 size;
	__u32 hold_ms;
	__s32 answer; /* out: of gpulock_check() */
};

#define HELPER_HOLD    _IOWR('H', 1, struct helper_hold)
#define HELPER_INSIDE  _IO('H', 2) /* 1: the reader is in its section, 0: it is not */
#define HELPER_RELEASE _IO('H', 3) /* and wait until it has left */
#define HELPER_PLANT   _IOW('H', 4, __u32)
#define HELPER_STALLED _IO('H', 5) /* how many wait in a write to the page that is mapped */
#define HELPER_LET     _IO('H', 6) /* lets them, and all later ones, go on */

/* What HELPER_PLANT does wrong. */
enum plant {
	PLANT_WARN,  /* WARN() */
	PLANT_STALE, /* read memory that was freed */
	PLANT_SLEEP, /* be about to sleep under a spinlock */
	PLANT_LEAK,  /* lose memory */
	PLANT_RACE,  /* write from two CPUs */
};

#endif
