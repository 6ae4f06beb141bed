// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Twin of gpu/kernels/timeline.cuh. */
#include "kernel.h"

FAKE_KERNEL(timeline, 8, 4, 8, 8, 8)
{
	uint32_t room = ARGUMENT(1, uint32_t), count = 0;
	uint64_t *edges = fake_memory(ARGUMENT(0, CUdeviceptr), room * sizeof(*edges));
	uint64_t *summary = fake_memory(ARGUMENT(4, CUdeviceptr), 2 * sizeof(*summary));
	uint64_t ns = ARGUMENT(2, uint64_t), threshold = ARGUMENT(3, uint64_t);
	uint64_t start = fake_now(), last = start, now, least = UINT64_MAX;

	if (!edges || !summary)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	edges[count++] = start;
	while ((now = fake_now()) - start < ns && count + 3 <= room) {
		uint64_t step = now - last;

		if (step > threshold) {
			edges[count++] = last;
			edges[count++] = now;
		}
		if (step && step < least)
			least = step;
		last = now;
	}
	edges[count++] = last;
	summary[0] = count;
	summary[1] = least;
	return CUDA_SUCCESS;
}
