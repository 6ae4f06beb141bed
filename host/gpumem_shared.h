/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs of gpumem in the kernel send, and their reader takes. */
#ifndef EXITLAB_GPUMEM_SHARED_H
#define EXITLAB_GPUMEM_SHARED_H

#include <linux/types.h>

/* Numbers of gpumem.def, which are the cookies of its probes. */
enum gpumem_call {
#define CALL(symbol, shape, kind, pointer_bits, size_bits) GPUMEM_CALL_##symbol,
#include "gpumem.def"
#undef CALL
	GPUMEM_CALLS
};

enum gpumem_shape {
	GPUMEM_ALLOCATE,
	GPUMEM_PITCH,
	GPUMEM_FREE,
};

enum gpumem_kind { GPUMEM_DEVICE, GPUMEM_MANAGED, GPUMEM_PHYSICAL, GPUMEM_HOST, GPUMEM_KINDS };

enum gpumem_type {
	GPUMEM_ALLOCATION, /* that succeeded */
	GPUMEM_RELEASE,	   /* a free that succeeded */
	GPUMEM_FAILURE,	   /* either, refused by the driver */
	GPUMEM_BEGIN,	   /* the first call of a process */
	GPUMEM_EXEC,	   /* it runs another program now: the memory of the old one is gone */
	GPUMEM_EXIT,	   /* its last thread has ended */
	GPUMEM_TYPES
};

#define GPUMEM_NAME 16 /* bytes of a process's name, its NUL included */

struct gpumem_event {
	/*
	 * ns of CLOCK_MONOTONIC: when an allocation came back, when a free was called. So of two
	 * calls with one pointer the earlier time is the earlier call, in whatever order they
	 * arrive. BEGIN: when the process started, which tells two of one id apart.
	 */
	__u64 time;
	union {
		struct {
			__u64 pointer;
			__u64 bytes; /* 0 of a free */
		};
		char name[GPUMEM_NAME]; /* BEGIN */
	};
	__u32 process;
	__s32 result; /* the CUresult */
	__u8 type;    /* enum gpumem_type */
	__u8 call;    /* enum gpumem_call */
	__u8 unused[6];
};

/* Whose calls are sent. */
enum gpumem_filter {
	GPUMEM_ALL,
	GPUMEM_TARGETS, /* the processes in the map, and where they are followed their children */
};

/* A process as the programs know it; the key is its id. */
struct gpumem_process {
	__u8 target;
	__u8 begun;    /* BEGIN was sent */
	__u32 program; /* its number with --summary-only; 0: none yet */
};

#define GPUMEM_PROCESSES 65536 /* known at one time */

#endif
