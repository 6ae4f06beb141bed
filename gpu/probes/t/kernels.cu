/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernels to weave into: what the tests assemble, and what probe_check runs. */

/* The workload of the overhead figures. */
extern "C" __global__ void vec_add(const float *a, const float *b, float *c, unsigned int n)
{
	unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		c[i] = a[i] + b[i];
}

/* Blocks that have nothing to add leave at once; of the others all threads but one, at the end. */
extern "C" __global__ void reduction(const unsigned int *words, unsigned int *sums, unsigned int n)
{
	extern __shared__ unsigned int part[];
	unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (blockIdx.x * blockDim.x >= n)
		return;
	part[threadIdx.x] = i < n ? words[i] : 0;
	__syncthreads();
	for (unsigned int half = blockDim.x / 2; half; half /= 2) {
		if (threadIdx.x < half)
			part[threadIdx.x] += part[threadIdx.x + half];
		__syncthreads();
	}
	if (threadIdx.x)
		return;
	sums[blockIdx.x] = part[0];
}

#define TILE 16

/* c = a * b of n rows and columns, by tiles in shared memory; n is a multiple of TILE. */
extern "C" __global__ void gemm(const float *a, const float *b, float *c, unsigned int n)
{
	__shared__ float of_a[TILE][TILE], of_b[TILE][TILE];
	unsigned int x = blockIdx.x * TILE + threadIdx.x, y = blockIdx.y * TILE + threadIdx.y;
	float sum = 0;

	for (unsigned int k = 0; k < n; k += TILE) {
		of_a[threadIdx.y][threadIdx.x] = a[y * n + k + threadIdx.x];
		of_b[threadIdx.y][threadIdx.x] = b[(k + threadIdx.y) * n + x];
		__syncthreads();
		for (unsigned int i = 0; i < TILE; i++)
			sum += of_a[threadIdx.y][i] * of_b[i][threadIdx.x];
		__syncthreads();
	}
	c[y * n + x] = sum;
}

/* Threads at the border leave by an exit under a predicate, amid their warp. */
extern "C" __global__ void stencil(const unsigned int *from, unsigned int *to, unsigned int width,
				   unsigned int height)
{
	unsigned int x = blockIdx.x * blockDim.x + threadIdx.x;
	unsigned int y = blockIdx.y * blockDim.y + threadIdx.y;
	int border = !x || !y || x >= width - 1 || y >= height - 1;
	unsigned int i = y * width + x;

	asm volatile("{\n\t"
		     ".reg .pred %%border;\n\t"
		     "setp.ne.s32 %%border, %0, 0;\n\t"
		     "@%%border exit;\n\t"
		     "}"
		     :
		     : "r"(border));
	to[i] = from[i] + from[i - 1] + from[i + 1] + from[i - width] + from[i + width];
}

/* Not a row of equal steps, and not all lanes: an event for each lane, loads by two vectors. */
extern "C" __global__ void scatter(const uint4 *from, unsigned int *to, unsigned int n)
{
	unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i >= n || i % 3 == 1)
		return;
	to[(i * 2654435761u) % n] = from[i].x + from[i].w;
}

/* Not inlined, so that what it loads from is not known before it runs. */
static __device__ __noinline__ unsigned int load(const unsigned int *words, unsigned int i)
{
	return words[i];
}

/* Blocks of 256: odd threads load from shared memory, even ones from global memory. */
extern "C" __global__ void calls(const unsigned int *from, unsigned int *to, unsigned int n)
{
	__shared__ unsigned int part[256];
	unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

	part[threadIdx.x] = from[i % n];
	__syncthreads();
	to[i] = i % 2 ? load(part, 255 - threadIdx.x) : load(from, i);
}

static __device__ __noinline__ unsigned int index_below(unsigned int n)
{
	unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

	asm volatile("{\n\t"
		     ".reg .pred %%beyond;\n\t"
		     "setp.ge.u32 %%beyond, %0, %1;\n\t"
		     "@%%beyond exit;\n\t"
		     "}"
		     :
		     : "r"(i), "r"(n));
	return i;
}

/* Some threads leave in a function. */
extern "C" __global__ void leaves(const unsigned int *from, unsigned int *to, unsigned int n)
{
	unsigned int i = index_below(n);

	to[i] = from[i];
}
