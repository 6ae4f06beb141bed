/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the limiter share. What it is: README.md. */
#ifndef EXITLAB_GPU_HOOKS_H
#define EXITLAB_GPU_HOOKS_H

#include <stdbool.h>

#include "../driver.h"

#ifndef CUDA_VERSION /* cuda.h has the same */
typedef uint64_t cuuint64_t;
typedef int CUdriverProcAddressQueryResult;
typedef int CUstreamCaptureStatus;
typedef int CUstreamCaptureMode;
typedef struct CUgraphExec_st *CUgraphExec;
typedef struct CUmemPoolHandle_st *CUmemoryPool;

typedef struct {
	unsigned int grid[3], block[3], shared;
	CUstream hStream;
	void *attributes;
	unsigned int attribute_count;
} CUlaunchConfig;

enum { CU_STREAM_CAPTURE_MODE_RELAXED = 2 };
#endif

#define LAUNCH_KERNEL_PARAMETERS                                                                   \
	(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,       \
	 unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared,    \
	 CUstream stream, void **parameters, void **extra)
#define LAUNCH_COOPERATIVE_PARAMETERS                                                              \
	(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,       \
	 unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared,    \
	 CUstream stream, void **parameters)

/* The driver's own functions. NULL: this driver has none of that name. */
struct real {
#define HOOK(name, symbol, arguments) CUresult(*name) arguments;
#define USED(name, symbol, arguments) CUresult(*name) arguments;
#include "hooks.def"
#undef HOOK
#undef USED
};
extern struct real real;

/* Every hook is exported, and nothing else of the library but dlsym. */
#pragma GCC visibility push(default)
#define HOOK(name, symbol, arguments) CUresult symbol arguments;
#define USED(name, symbol, arguments)
#include "hooks.def"
#undef HOOK
#undef USED
#pragma GCC visibility pop

/*
 * hooks.c: looks the driver up, once it is loaded, and reads the limits. false: there is no driver.
 * A limit that is none ends the process with 2 and one line: without its limit it must not run.
 */
bool hooks_ready(void);

/* A hook begins with it. */
#define ENTER(name)                                                                                \
	do {                                                                                       \
		if (!hooks_ready() || !real.name)                                                  \
			return CUDA_ERROR_NOT_SUPPORTED;                                           \
	} while (0)

/* limits.c: reads the environment. */
void limits_read(void);

/* Bytes that the process may have; 0: no limit. */
uint64_t limits_memory(void);

/* Percent of the device's time, 1 to 99, at this moment; 0: no limit. */
unsigned int limits_share(void);

/*
 * share.c: a launch in a stream, in three steps: wait until the process may launch; the time from
 * here on is charged to it; up to here. begin() may return NULL: nothing is charged.
 */
struct charge;
struct charge *share_begin(CUstream stream);
void share_end(struct charge *charge, CUstream stream, bool launched);

/* A context ends, and its events with it. */
void share_forget(CUcontext context);

#endif
