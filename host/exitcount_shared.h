/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the counting programs in the kernel and their reader share: plain arrays of counters in
 * memory both have mapped, and how an exit reason becomes an index into them.
 */
#ifndef EXITLAB_EXITCOUNT_SHARED_H
#define EXITLAB_EXITCOUNT_SHARED_H

#include <linux/types.h>

#include "exit_reasons.h"

#define ROWS	      256 /* wire numbers of exits.def; row 0 is "no row open" */
#define REASONS	      0x113
#define LATENCY_SLOTS 40 /* slot n: 2^n to 2^(n+1) - 1 ns; the last one takes all above */

/*
 * Indices of exits[]. Both vendors' basic reasons are below 0x100, SVM's newer ones a page of their
 * own at 0x400.
 */
#define REASON_SVM_PAGE	 0x400
#define REASON_MSR_WRITE 0x110
#define REASON_SVM_ERR	 0x111 /* SVM_EXIT_ERR, -1 */
#define REASON_OTHER	 0x112

static inline __u32 reason_to_index(__u32 reason)
{
	if (reason < 0x100)
		return reason;
	if (reason >= REASON_SVM_PAGE && reason < REASON_SVM_PAGE + 0x10)
		return 0x100 + (reason - REASON_SVM_PAGE);
	if (reason == SVM_EXIT_MSR_WRITE)
		return REASON_MSR_WRITE;
	return reason == (__u32)-1 ? REASON_SVM_ERR : REASON_OTHER;
}

/* The other way round; not for REASON_OTHER, which stands for many. */
static inline __u32 index_to_reason(__u32 index)
{
	if (index < 0x100)
		return index;
	if (index < REASON_MSR_WRITE)
		return REASON_SVM_PAGE + (index - 0x100);
	return index == REASON_MSR_WRITE ? SVM_EXIT_MSR_WRITE : (__u32)-1;
}

/* Indices of userspace_exits[]: KVM_EXIT_*, and two for what has no such number. */
#define USERSPACE_EXITS 64
#define USERSPACE_ERROR 62 /* KVM_RUN failed, not by a signal */
#define USERSPACE_OTHER 63

/* The KVM tracepoints that are counted by event, in the order of events[]. */
#define EXITCOUNT_EVENTS(EVENT) EVENT(cpuid) EVENT(msr) EVENT(pio) EVENT(hypercall)

enum exitcount_event {
#define EVENT(name) EVENT_##name,
	EXITCOUNT_EVENTS(EVENT) EVENTS
#undef EVENT
};

struct exitcount_row {
	__u64 exits[REASONS];
	__u64 userspace_exits[USERSPACE_EXITS];
	__u64 events[EVENTS];
	__u64 opened; /* times its marker was seen */
};

#endif
