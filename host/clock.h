/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The clock of deadlines. */
#ifndef EXITLAB_CLOCK_H
#define EXITLAB_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since an arbitrary start; never goes back. */
static inline int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Likewise, nanoseconds: the kernel's bpf_ktime_get_ns() and the start of a process. */
static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

#endif
