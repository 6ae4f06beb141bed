// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Twin of gpu/kernels/gemm.cuh. */
#include <stdlib.h>

#include "kernel.h"

static float value_of(uint16_t bfloat16)
{
	uint32_t bits = (uint32_t)bfloat16 << 16;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* A row of c is the sum of b's rows, each times an element of a. */
static void row(const uint16_t *a, const float *b, float *c, uint32_t n)
{
	memset(c, 0, n * sizeof(*c));
	for (uint32_t k = 0; k < n; k++) {
		float factor = value_of(a[k]);

		for (uint32_t j = 0; j < n; j++)
			c[j] += factor * b[(uint64_t)k * n + j];
	}
}

FAKE_KERNEL(gemm, 8, 8, 8, 4)
{
	uint32_t n = ARGUMENT(3, uint32_t);
	uint64_t count = (uint64_t)n * n;
	const uint16_t *a = fake_memory(ARGUMENT(0, CUdeviceptr), count * sizeof(*a));
	const uint16_t *b = fake_memory(ARGUMENT(1, CUdeviceptr), count * sizeof(*b));
	float *c = fake_memory(ARGUMENT(2, CUdeviceptr), count * sizeof(*c)), *factors;

	if (!a || !b || !c)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	factors = malloc(count * sizeof(*factors));
	if (!factors)
		return CUDA_ERROR_LAUNCH_FAILED;
	for (uint64_t i = 0; i < count; i++)
		factors[i] = value_of(b[i]);
	for (uint32_t i = 0; i < n; i++)
		row(&a[(uint64_t)i * n], factors, &c[(uint64_t)i * n], n);
	free(factors);
	return CUDA_SUCCESS;
}
