/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Loads of known size whose results can be checked: what victims and neighbours do. Also the
 * arguments of the work "load".
 */
#ifndef EXITLAB_GPU_WORKS_LOAD_H
#define EXITLAB_GPU_WORKS_LOAD_H

#include "works.h"

enum { LOAD_KIND, LOAD_SLICES, LOAD_KERNEL_US }; /* indices of order.argument[] */
enum { LOAD_COMPUTE, LOAD_MEMORY, LOAD_KINDS };

#define LOAD_BLOCKS	 8 /* for each multiprocessor: all the threads it can have */
#define LOAD_DEPTH	 4 /* operations in flight, so that the device never waits for the host */
#define LOAD_DEPTH_LONG	 2 /* of long kernels, which are waited for after the end of a window */
#define LOAD_SLICES_MOST 64

struct load {
	uint64_t kind;
	CUfunction kernel, count_other;
	unsigned int blocks, threads, depth;
	uint32_t rounds; /* inside one kernel */
	uint64_t launches;
	size_t bytes;		 /* of data */
	CUdeviceptr data, tally; /* tally: blocks that finished, words that are wrong */
	CUevent done[LOAD_DEPTH];
	float expected[8]; /* of the compute kernel's threads */
};

/*
 * A load whose kernel takes about so many seconds alone, as it was measured now, with so many
 * blocks for each multiprocessor, or one block in all for 0. For 0 seconds it is not measured: a
 * short kernel, at once. 0, or -1 as CALL(); load_close() even then.
 */
int load_open(struct tenant *tenant, struct load *load, uint64_t kind, unsigned int blocks,
	      double seconds);

/* One operation: the kernel, as often as a planted slowdown wants it. Does not wait. */
int load_launch(struct tenant *tenant, struct load *load, CUstream stream);

/*
 * Keeps the device busy from now to end, ns, and gives each of so many equal slices of that time
 * what was done in it: rates[], in 10^9 operations (floating point, or bytes moved) a second. An
 * operation that spans slices counts in each by its share of the time.
 */
int load_measure(struct tenant *tenant, struct load *load, uint64_t end, unsigned int slices,
		 double *rates);

/* Did every block of every launch finish, with the right results? 0, or -1 after saying so. */
int load_verify(struct tenant *tenant, struct load *load);

void load_close(struct load *load);

#endif
