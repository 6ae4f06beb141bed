/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs of gpumem in the kernel send, and their reader takes. */
#ifndef EXITLAB_GPUMEM_SHARED_H
#define EXITLAB_GPUMEM_SHARED_H

#include <linux/types.h>

/* Numbers of gpumem.def and gpumem_contexts.def, which are the cookies of its probes. */
enum gpumem_call {
#define CALL(symbol, shape, kind, pointer_bits, size_bits) GPUMEM_CALL_##symbol,
#include "gpumem.def"
#undef CALL
#define CONTEXT(symbol, shape, device) GPUMEM_CALL_##symbol,
#include "gpumem_contexts.def"
#undef CONTEXT
	GPUMEM_CALLS
};

enum gpumem_shape {
	GPUMEM_ALLOCATE,
	GPUMEM_PITCH,
	GPUMEM_FROM_POOL,
	GPUMEM_LOCATED,
	GPUMEM_FREE,
	GPUMEM_MAKE, /* from here on those of contexts */
	GPUMEM_RETAIN,
	GPUMEM_SET,
	GPUMEM_PUSH,
	GPUMEM_POP,
	GPUMEM_DESTROY,
	GPUMEM_RELEASE_PRIMARY,
	GPUMEM_RESET_PRIMARY,
	GPUMEM_POOL_OF,
	GPUMEM_POOL_AT,
	GPUMEM_NEW_POOL,
};

enum gpumem_kind {
	GPUMEM_DEVICE,
	GPUMEM_MANAGED,
	GPUMEM_POOL, /* of the device, allocated in the order of a stream */
	GPUMEM_PHYSICAL,
	GPUMEM_HOST,
	GPUMEM_KINDS
};

/* What is no device's ordinal. */
#define GPUMEM_NO_DEVICE      254 /* memory of the host */
#define GPUMEM_UNKNOWN_DEVICE 255 /* its context was made before the trace began */

enum gpumem_type {
	GPUMEM_ALLOCATION, /* that succeeded */
	GPUMEM_RELEASE,	   /* a free that succeeded */
	GPUMEM_FAILURE,	   /* either, refused by the driver */
	GPUMEM_BEGIN,	   /* the first call of a process */
	GPUMEM_EXEC,	   /* it runs another program now: the memory of the old one is gone */
	GPUMEM_EXIT,	   /* its last thread has ended */
	GPUMEM_TAKE_BACK,  /* what a context had: it was destroyed or reset */
	GPUMEM_STACK,	   /* a struct gpumem_stack, not an event */
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
	__u8 device;  /* of an allocation */
	__u8 unused;
	/*
	 * Of an allocation, the context that it is taken back with; of TAKE_BACK, which one. A
	 * number of its own in all of the trace; 0: none, or unknown.
	 */
	__u32 context;
	__u64 stack; /* of an allocation, its key; sent only where stacks are asked for */
};

/* So many bytes of an event are sent where no stacks are asked for. */
#define GPUMEM_EVENT_BYTES __builtin_offsetof(struct gpumem_event, stack)

#define GPUMEM_FRAMES 127 /* as many as the kernel takes, unless told otherwise */

/* What a stack's key stands for. */
struct gpumem_stack {
	struct gpumem_event event; /* stack; bytes: number of frames; pointer: see below */
	/*
	 * Addresses, the innermost first: the call of libcuda, then to where it returns, then to
	 * where that function returns. event.pointer is the second, which may be missing in them.
	 */
	__u64 frames[GPUMEM_FRAMES];
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
	__u8 whole;    /* none of its calls was before the trace */
	__u8 contexts; /* it has some in the map */
	__u32 program; /* its number with --summary-only; 0: none yet */
};

#define GPUMEM_PROCESSES 65536 /* known at one time */
#define GPUMEM_STACKS	 16384 /* that are not sent again */
#define GPUMEM_CONTEXTS	 4096  /* likewise, and pools */

#endif
