// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Twins of gpu/kernels/bandwidth.cuh. */
#include "../../kernels/pattern.h"
#include "fakecuda.h"

FAKE_KERNEL(pattern_fill, 8, 8, 4)
{
	uint64_t words = ARGUMENT(1, uint64_t);
	uint32_t *to = fake_memory(ARGUMENT(0, CUdeviceptr), words * 4);

	if (!to)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint64_t i = 0; i < words; i++)
		to[i] = pattern_word(ARGUMENT(2, uint32_t), i);
	return CUDA_SUCCESS;
}

FAKE_KERNEL(pattern_check, 8, 8, 4, 8)
{
	uint64_t words = ARGUMENT(1, uint64_t), found = 0;
	const uint32_t *at = fake_memory(ARGUMENT(0, CUdeviceptr), words * 4);
	uint64_t *wrong = fake_memory(ARGUMENT(3, CUdeviceptr), sizeof(*wrong));

	if (!at || !wrong)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint64_t i = 0; i < words; i++)
		found += at[i] != pattern_word(ARGUMENT(2, uint32_t), i);
	*wrong += found;
	return CUDA_SUCCESS;
}

/* Copies the first so many bytes that the grid reaches. */
static CUresult copy(const struct fake_launch *launch, uint64_t most)
{
	uint64_t bytes = ARGUMENT(2, uint64_t) * 16;
	void *to = fake_memory(ARGUMENT(0, CUdeviceptr), bytes);
	const void *from = fake_memory(ARGUMENT(1, CUdeviceptr), bytes);

	return to && from ? fake_copy(to, from, bytes < most ? bytes : most)
			  : CUDA_ERROR_ILLEGAL_ADDRESS;
}

/* Four vectors of 16 bytes a thread. */
FAKE_KERNEL(copy_pieces, 8, 8, 8)
{
	return copy(launch, fake_threads(launch) * 64);
}

FAKE_KERNEL(copy_pieces_kept, 8, 8, 8)
{
	return copy(launch, fake_threads(launch) * 64);
}

FAKE_KERNEL(copy_strides, 8, 8, 8)
{
	return copy(launch, UINT64_MAX);
}

FAKE_KERNEL(copy_strides_kept, 8, 8, 8)
{
	return copy(launch, UINT64_MAX);
}

FAKE_KERNEL(read_sum, 8, 8, 4, 8)
{
	uint64_t words = ARGUMENT(1, uint64_t) * 4;
	const uint32_t *from = fake_memory(ARGUMENT(0, CUdeviceptr), words * 4);
	uint32_t *sum = fake_memory(ARGUMENT(3, CUdeviceptr), sizeof(*sum)), mine = 0;

	if (!from || !sum)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint32_t pass = 0; pass < ARGUMENT(2, uint32_t); pass++)
		for (uint64_t i = 0; i < words; i++)
			mine += from[i];
	*sum += mine;
	return CUDA_SUCCESS;
}
