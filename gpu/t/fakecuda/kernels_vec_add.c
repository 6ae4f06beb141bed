// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Twin of gpu/probes/vec_add.cu. */
#include "fakecuda.h"

FAKE_KERNEL(vec_add, 8, 8, 8, 4)
{
	uint32_t elements = ARGUMENT(3, uint32_t);
	size_t bytes = elements * sizeof(float);
	const float *a = fake_memory(ARGUMENT(0, CUdeviceptr), bytes);
	const float *b = fake_memory(ARGUMENT(1, CUdeviceptr), bytes);
	float *c = fake_memory(ARGUMENT(2, CUdeviceptr), bytes);

	if (!a || !b || !c)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint64_t i = 0; i < elements && i < fake_threads(launch); i++)
		c[i] = a[i] + b[i];
	return CUDA_SUCCESS;
}
