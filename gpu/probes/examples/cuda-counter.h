/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EXITLAB_PROBES_CUDA_COUNTER_H
#define EXITLAB_PROBES_CUDA_COUNTER_H

#include <linux/types.h>

struct counter_key {
	__u64 function; /* the kernel's handle in its process */
	__u32 process, unused;
};

struct counter_value {
	__u64 launches, blocks;
};

#endif
