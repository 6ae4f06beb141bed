/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernels of kernels.cu, as probe_check launches them, and what they must leave behind. */
#ifndef EXITLAB_GPU_PROBES_T_SHAPES_H
#define EXITLAB_GPU_PROBES_T_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

#include "../../driver.h"

#define SHAPE_WORDS (1u << 22) /* of each buffer, the most that a shape uses */

/* Two inputs, and the output; a of the integer kernels is the same memory as of the others. */
struct buffers {
	CUdeviceptr a, b, c;
	uint32_t *words; /* host: what a has, as integers */
	float *of_a, *of_b;
	uint32_t *out; /* host: room for c */
};

struct shape {
	const char *name, *kernel;
	unsigned int n; /* elements, rows; width and height of the stencil */
	unsigned int grid[3], block[3], shared;
	bool floats;	   /* a and b are float */
	bool three;	   /* a, b, c, n; else a, c, n; the stencil has n twice */
	uint64_t accesses; /* of global memory, by all threads of a launch */
	bool (*is_right)(const struct shape *shape, const struct buffers *buffers);
};

/* The last has no name. The special ones are not for all probes. */
extern const struct shape shapes[], special_shapes[];

uint64_t shape_threads(const struct shape *shape);

/* Ends the program where a call failed. */
void must(const char *what, CUresult error);

void make_buffers(void);
const struct buffers *shape_buffers(void);

/* Inputs as the shape has them, rubbish in the output. */
void prepare_shape(const struct shape *shape);

/* Returns at once, as the driver does. */
void launch_shape(const struct shape *shape, CUfunction function);

/* Of the last launch, which is done. */
bool shape_is_right(const struct shape *shape);

#endif
