/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the fake libcuda share. What tests set: README.md. */
#ifndef EXITLAB_FAKECUDA_H
#define EXITLAB_FAKECUDA_H

#include <pthread.h>
#include <stdbool.h>

#include "kernel.h"

#define FAKE_DEVICE_BYTES (4ull << 30) /* of all devices together */
#define FAKE_DEVICES_MOST 8

/* What is exported: all of driver.def. The rest of the library is hidden. */
#pragma GCC visibility push(default)
#define CUDA(name, symbol, arguments) CUresult symbol arguments;
#include "../../driver.def"
#undef CUDA
#pragma GCC visibility pop

struct CUctx_st {
	_Atomic CUresult broken; /* 0, or what every call returns from now on */
	CUdevice device;
	struct CUstream_st *streams;
	struct CUstream_st *null; /* the default stream; NULL until it is used */
};

extern __thread CUcontext fake_current;
extern int fake_devices; /* 0 before cuInit() */

/* Places where a fault can be planted: each call, and what the device does. */
enum fake_place {
#define CUDA(name, symbol, arguments) PLACE_##name,
#include "../../driver.def"
#undef CUDA
	PLACE_Kernel,
	PLACE_Copy,
	PLACES
};

enum { FAULT_CORRUPT = -1, FAULT_LEAK = -2, FAULT_LOSE = -3 };

extern bool fake_faults; /* any are planted */

/* 0, an error to return, or FAULT_*. Does what only has to be done: hangs, sleeps, ends. */
int fake_fault(enum fake_place place);
#define FAULT(name) (__builtin_expect(fake_faults, 0) ? fake_fault(PLACE_##name) : 0)

/* FAKECUDA_REFUSAL_TIRES: an allocation was refused; a kernel begins. */
void fake_refused(void);
void fake_rest(void);

/* Every exported function begins with one of them. */
#define ENTER(name)                                                                                \
	do {                                                                                       \
		int fault_ = FAULT(name);                                                          \
                                                                                                   \
		if (fault_ > 0)                                                                    \
			return fault_;                                                             \
	} while (0)
#define ENTER_CONTEXT(name)                                                                        \
	do {                                                                                       \
		ENTER(name);                                                                       \
		if (!fake_current)                                                                 \
			return CUDA_ERROR_INVALID_CONTEXT;                                         \
		if (fake_current->broken)                                                          \
			return fake_current->broken;                                               \
	} while (0)
#define ENTER_DEVICE(name, device)                                                                 \
	do {                                                                                       \
		ENTER(name);                                                                       \
		if (!fake_devices)                                                                 \
			return CUDA_ERROR_NOT_INITIALIZED;                                         \
		if ((device) < 0 || (device) >= fake_devices)                                      \
			return CUDA_ERROR_INVALID_DEVICE;                                          \
	} while (0)

/* What an allocation is; of RESERVED, what is mapped there is the caller's. */
enum fake_kind {
	KIND_NONE,
	KIND_DEVICE,
	KIND_POOL, /* of the device, too, but of no context */
	KIND_MANAGED,
	KIND_HOST,
	KIND_RESERVED,
	KIND_PHYSICAL,
	KIND_IPC
};

struct fake_block {
	uint32_t next, previous; /* in the list of free blocks of its order */
	uint64_t size;		 /* that was asked for */
	CUcontext owner;
	uint8_t order;	 /* it has 2^order granules */
	uint8_t kind;	 /* of enum fake_kind; KIND_NONE: free */
	bool head;	 /* a block begins here */
	uint32_t mapped; /* RESERVED: mappings in here; with one, it may be used */
};

/*
 * arena.c: addresses of the device's memory, all of it one file, so that other processes can map
 * what IPC hands them. Errors are the driver's.
 */
CUresult fake_take(enum fake_kind kind, size_t bytes, CUdeviceptr *pointer);
/* Gives back what begins at pointer and is of the kind. */
CUresult fake_give(enum fake_kind kind, CUdeviceptr pointer);
/* Likewise, device or managed memory, of a pool or not: the same call frees all. */
CUresult fake_give_any(CUdeviceptr pointer);
/* Gives back all that a context has. */
void fake_give_all(CUcontext owner);
/* The block with pointer in it, and where it begins; NULL: there is none. */
struct fake_block *fake_find(CUdeviceptr pointer, CUdeviceptr *start);
/* Maps bytes of a file, offset, over addresses of the arena; fd -1: the arena's own again. */
CUresult fake_map(CUdeviceptr pointer, size_t bytes, int fd, uint64_t offset);
size_t fake_free_bytes(void);
/* The arena's file, and where in it an address is. */
int fake_arena_file(void);
uint64_t fake_arena_offset(CUdeviceptr pointer);
/* Held while a block that fake_find() returned is looked at or changed. */
extern pthread_mutex_t fake_memory_lock;

/*
 * counts.c: FAKECUDA_COUNTS. What a call that allocates or frees returns goes through one of the
 * first two.
 */
CUresult fake_count_allocation(CUresult error);
CUresult fake_count_free(CUresult error);
void fake_count_taken(size_t bytes);
void fake_count_given(size_t bytes);

/* stream.c: waits until all that the context was given is done. Its error, if it broke. */
CUresult fake_drain(CUcontext context);
/* Likewise, what the default stream waits for: itself and the streams that block it. */
CUresult fake_drain_default(CUcontext context);
/* Ends the context's streams. */
void fake_end_streams(CUcontext context);

/* Copies and sets memory now. */
CUresult fake_copy(void *to, const void *from, size_t bytes);

#endif
