/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Twins of the suite's kernels. One call does the whole grid:
 *
 *	FAKE_KERNEL(fill, 8, 8, 4)
 *	{
 *		uint64_t words = ARGUMENT(1, uint64_t);
 *		uint32_t *to = fake_memory(ARGUMENT(0, CUdeviceptr), words * 4);
 *
 *		if (!to)
 *			return CUDA_ERROR_ILLEGAL_ADDRESS;
 *		for (uint64_t i = 0; i < words; i++)
 *			to[i] = ARGUMENT(2, uint32_t);
 *		return CUDA_SUCCESS;
 *	}
 *
 * The numbers are the sizes of the parameters. An error breaks the context, as on a device.
 */
#ifndef EXITLAB_FAKECUDA_KERNEL_H
#define EXITLAB_FAKECUDA_KERNEL_H

#include <string.h>

#include "../../driver.h"

#define FAKE_PARAMETERS 16

struct fake_launch {
	const struct fake_kernel *kernel;
	unsigned int grid[3], block[3], shared;
	uint64_t arguments[FAKE_PARAMETERS];
};

struct fake_kernel {
	const char *name;
	CUresult (*run)(const struct fake_launch *launch);
	unsigned char sizes[FAKE_PARAMETERS]; /* bytes of each parameter, 0 behind the last */
};

/* The linker gathers them; fake_kernels in stream.c walks through. */
#define FAKE_KERNEL(kernel, ...)                                                                   \
	static CUresult kernel_##kernel(const struct fake_launch *launch);                         \
	static const struct fake_kernel entry_##kernel                                             \
		__attribute__((used, section("fake_kernels"), aligned(8))) = {                     \
			#kernel, kernel_##kernel, {__VA_ARGS__}};                                  \
	static CUresult kernel_##kernel(__attribute__((unused)) const struct fake_launch *launch)

/* Parameter number i, from 0. A size that is not the declared one is a bug and ends the program. */
#define ARGUMENT(i, type)                                                                          \
	({                                                                                         \
		type value_;                                                                       \
		memcpy(&value_, fake_argument(launch, i, sizeof(value_)), sizeof(value_));         \
		value_;                                                                            \
	})
const void *fake_argument(const struct fake_launch *launch, unsigned int i, size_t size);

/*
 * Where the host finds bytes of memory that this process may use on the device; NULL: it may not,
 * or not all of them.
 */
void *fake_memory(CUdeviceptr pointer, size_t bytes);

/* Threads of the launch. */
static inline uint64_t fake_threads(const struct fake_launch *launch)
{
	const unsigned int *grid = launch->grid, *block = launch->block;

	return (uint64_t)grid[0] * grid[1] * grid[2] * block[0] * block[1] * block[2];
}

/* The device's timer, ns: CLOCK_MONOTONIC_RAW. */
uint64_t fake_now(void);

#endif
