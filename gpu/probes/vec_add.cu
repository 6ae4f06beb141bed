// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel that probes are put on. Embedded as PTX, so that the weaver can work on it. */
extern "C" __global__ void vec_add(const float *a, const float *b, float *c, unsigned int elements)
{
	unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < elements)
		c[i] = a[i] + b[i];
}
