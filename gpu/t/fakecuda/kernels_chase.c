// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Twins of gpu/kernels/chase.cuh. */
#include "../../kernels/pattern.h"
#include "kernel.h"

#define LINE_WORDS (CHASE_LINE / 4)

static uint32_t *lines_of(const struct fake_launch *launch, struct chase_set set)
{
	return fake_memory(ARGUMENT(0, CUdeviceptr), (uint64_t)set.lines * CHASE_LINE);
}

FAKE_KERNEL(chase_build, 8, 8)
{
	struct chase_set set = ARGUMENT(1, struct chase_set);
	uint32_t *lines = lines_of(launch, set);
	uint32_t position = chase_next(set, UINT32_MAX);

	if (!lines || fake_threads(launch) < 1ull << set.bits)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint32_t i = 0; i < set.lines; i++) {
		uint32_t next = chase_next(set, position);

		lines[(uint64_t)chase_line(set, position) * LINE_WORDS] = chase_line(set, next);
		position = next;
	}
	return CUDA_SUCCESS;
}

FAKE_KERNEL(chase_touch, 8, 8, 8)
{
	struct chase_set set = ARGUMENT(1, struct chase_set);
	const uint32_t *lines = lines_of(launch, set);
	uint64_t *sum = fake_memory(ARGUMENT(2, CUdeviceptr), sizeof(*sum));

	if (!lines || !sum)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint64_t i = 0; i < set.lines; i++)
		*sum += lines[i * LINE_WORDS];
	return CUDA_SUCCESS;
}

FAKE_KERNEL(chase_walk, 8, 8, 4, 4, 4, 8)
{
	struct chase_set set = ARGUMENT(1, struct chase_set);
	const uint32_t *lines = lines_of(launch, set);
	uint32_t line = ARGUMENT(2, uint32_t), chunks = ARGUMENT(3, uint32_t);
	uint64_t *result =
		fake_memory(ARGUMENT(5, CUdeviceptr), (1 + (uint64_t)chunks) * sizeof(*result));

	if (!lines || !result)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	for (uint32_t chunk = 0; chunk < chunks; chunk++) {
		uint64_t start = fake_now();

		for (uint32_t i = 0; i < ARGUMENT(4, uint32_t); i++) {
			if (line >= set.lines)
				return CUDA_ERROR_ILLEGAL_ADDRESS;
			line = lines[(uint64_t)line * LINE_WORDS];
		}
		result[1 + chunk] = fake_now() - start;
	}
	result[0] = line;
	return CUDA_SUCCESS;
}
