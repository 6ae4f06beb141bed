// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Twin of gpu/kernels/fault.cuh. */
#include "kernel.h"

FAKE_KERNEL(fault, 8)
{
	uint32_t *nowhere = fake_memory(ARGUMENT(0, CUdeviceptr), sizeof(*nowhere));

	if (!nowhere)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	*nowhere = 1;
	return CUDA_SUCCESS;
}
