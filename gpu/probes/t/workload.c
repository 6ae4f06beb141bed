// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The buffers of all shapes, filled, launched over, looked at. */
#include <stdlib.h>

#include "../../../host/util.h"
#include "shapes.h"

static struct buffers buffers;

void must(const char *what, CUresult error)
{
	if (error)
		die("%s: %s", what, driver_error(error));
}

void make_buffers(void)
{
	const size_t bytes = SHAPE_WORDS * sizeof(uint32_t);

	buffers.words = malloc(bytes);
	buffers.of_a = malloc(bytes);
	buffers.of_b = malloc(bytes);
	buffers.out = malloc(bytes);
	if (!buffers.words || !buffers.of_a || !buffers.of_b || !buffers.out)
		die("out of memory");
	for (uint32_t i = 0; i < SHAPE_WORDS; i++) {
		buffers.words[i] = i * 2654435761u;
		buffers.of_a[i] = i % 101;
		buffers.of_b[i] = i % 37;
	}
	must("cuMemAlloc", cu.MemAlloc(&buffers.a, bytes));
	must("cuMemAlloc", cu.MemAlloc(&buffers.b, bytes));
	must("cuMemAlloc", cu.MemAlloc(&buffers.c, bytes));
	must("cuMemcpyHtoD", cu.MemcpyHtoD(buffers.b, buffers.of_b, bytes));
}

void launch_shape(const struct shape *shape, CUfunction function)
{
	CUdeviceptr a = buffers.a, b = buffers.b, c = buffers.c;
	unsigned int n = shape->n;
	void *three[] = {&a, &b, &c, &n}, *two[] = {&a, &c, &n, &n};

	must("cuLaunchKernel",
	     cu.LaunchKernel(function, shape->grid[0], shape->grid[1], shape->grid[2],
			     shape->block[0], shape->block[1], shape->block[2], shape->shared, NULL,
			     shape->three ? three : two, NULL));
}

void prepare_shape(const struct shape *shape)
{
	const size_t bytes = SHAPE_WORDS * sizeof(uint32_t);

	must("cuMemcpyHtoD",
	     cu.MemcpyHtoD(buffers.a, shape->floats ? (void *)buffers.of_a : buffers.words, bytes));
	must("cuMemsetD8", cu.MemsetD8(buffers.c, 0xa5, bytes));
	must("cuCtxSynchronize", cu.CtxSynchronize());
}

bool shape_is_right(const struct shape *shape)
{
	must("cuMemcpyDtoH", cu.MemcpyDtoH(buffers.out, buffers.c, SHAPE_WORDS * sizeof(uint32_t)));
	return shape->is_right(shape, &buffers);
}

const struct buffers *shape_buffers(void)
{
	return &buffers;
}
