/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the ring probes on the host say of a launch. */
#ifndef EXITLAB_PROBES_HOST_EVENT_H
#define EXITLAB_PROBES_HOST_EVENT_H

#include <linux/types.h>

struct host_event {
	__u64 ns;	/* CLOCK_MONOTONIC */
	__u64 function; /* the kernel's handle */
	__u32 process, blocks;
};

#define HOST_RING_BYTES (1 << 20)
#define HOST_KERNELS	1024 /* of the hash tables */

#endif
