// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Twins of gpu/kernels/secret.cuh. */
#include "../../kernels/secret.h"
#include "kernel.h"

FAKE_KERNEL(secret_fill, 8, 8, 8)
{
	uint64_t count = ARGUMENT(1, uint64_t), key = ARGUMENT(2, uint64_t);
	uint64_t *words = fake_memory(ARGUMENT(0, CUdeviceptr), count * sizeof(*words));

	if (!words)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint64_t i = 0; i < count; i++)
		words[i] = secret_word(key, i);
	return CUDA_SUCCESS;
}

FAKE_KERNEL(secret_count, 8, 8, 8, 8, 8)
{
	uint64_t count = ARGUMENT(1, uint64_t), key = ARGUMENT(2, uint64_t);
	uint64_t secret_words = ARGUMENT(3, uint64_t);
	const uint64_t *words = fake_memory(ARGUMENT(0, CUdeviceptr), count * sizeof(*words));
	uint64_t *found = fake_memory(ARGUMENT(4, CUdeviceptr), sizeof(*found));

	if (!words || !found)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint64_t i = 0; i < count; i++)
		*found += secret_is(words[i], key, secret_words);
	return CUDA_SUCCESS;
}
