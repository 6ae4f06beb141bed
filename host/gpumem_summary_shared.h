/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What gpumem's programs add up in the kernel with --summary-only, and their reader takes. */
#ifndef EXITLAB_GPUMEM_SUMMARY_SHARED_H
#define EXITLAB_GPUMEM_SUMMARY_SHARED_H

#include "gpumem_shared.h"

enum gpumem_stage {
	GPUMEM_UNBORN, /* not to be looked at yet */
	GPUMEM_LIVES,
	GPUMEM_HAS_EXITED,
	GPUMEM_HAS_EXECED,
};

/* One program in one process; the key is its number, which no other has during a trace. */
struct gpumem_summary {
	__u64 start; /* as of BEGIN */
	char name[GPUMEM_NAME];
	__u32 process;
	__u32 stage; /* enum gpumem_stage */
	/* As in struct gpumem_counts. */
	__u64 allocations, frees;
	__u64 failed_allocations, failed_frees;
	__u64 unknown_frees;
	__u64 allocated_bytes, freed_bytes;
	__u64 live, live_bytes;
	__u64 peak_bytes;
};

/* A live pointer; the value is its bytes, of 64 bits. */
struct gpumem_live_key {
	__u64 pointer;
	__u32 program; /* the number of its program: one id may be of several processes */
	__u32 space;   /* enum gpumem_kind; DEVICE of all that the same calls free */
};

#endif
