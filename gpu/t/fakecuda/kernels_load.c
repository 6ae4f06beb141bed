// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Twins of gpu/kernels/load.cuh. */
#include <math.h>

#include "kernel.h"

/* Threads with the same start have the same result: eight chains serve all of them. */
FAKE_KERNEL(compute, 8, 8, 4)
{
	uint64_t threads = fake_threads(launch);
	float *results = fake_memory(ARGUMENT(0, CUdeviceptr), threads * sizeof(*results));
	uint64_t *blocks_done = fake_memory(ARGUMENT(1, CUdeviceptr), sizeof(*blocks_done));
	uint32_t rounds = ARGUMENT(2, uint32_t);
	float chain[8];

	if (!results || !blocks_done)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (int i = 0; i < 8; i++) {
		volatile float x = (i + 1) / 17.0f;

		for (uint32_t round = 0; round < rounds; round++)
			x = 3.99f * fmaf(-x, x, x);
		chain[i] = x;
	}
	for (uint64_t i = 0; i < threads; i++)
		results[i] = chain[i % 8];
	__atomic_fetch_add(blocks_done, launch->grid[0], __ATOMIC_RELAXED);
	return CUDA_SUCCESS;
}

FAKE_KERNEL(memory, 8, 8, 8, 4)
{
	uint64_t count = 4 * ARGUMENT(1, uint64_t);
	uint32_t *words = fake_memory(ARGUMENT(0, CUdeviceptr), count * sizeof(*words));
	uint64_t *blocks_done = fake_memory(ARGUMENT(2, CUdeviceptr), sizeof(*blocks_done));
	uint32_t rounds = ARGUMENT(3, uint32_t);

	if (!words || !blocks_done)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint32_t round = 0; round < rounds; round++)
		for (uint64_t i = 0; i < count; i++)
			words[i]++;
	__atomic_fetch_add(blocks_done, launch->grid[0], __ATOMIC_RELAXED);
	return CUDA_SUCCESS;
}

FAKE_KERNEL(count_other, 8, 8, 4, 8)
{
	uint64_t count = ARGUMENT(1, uint64_t), found = 0;
	const uint32_t *words = fake_memory(ARGUMENT(0, CUdeviceptr), count * sizeof(*words));
	uint64_t *other = fake_memory(ARGUMENT(3, CUdeviceptr), sizeof(*other));

	if (!words || !other)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint64_t i = 0; i < count; i++)
		found += words[i] != ARGUMENT(2, uint32_t);
	__atomic_fetch_add(other, found, __ATOMIC_RELAXED);
	return CUDA_SUCCESS;
}

FAKE_KERNEL(spin, 8)
{
	uint64_t start = fake_now(), ns = ARGUMENT(0, uint64_t);

	while (fake_now() - start < ns)
		;
	return CUDA_SUCCESS;
}
