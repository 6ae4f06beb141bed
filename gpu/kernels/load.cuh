/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Loads whose results can be checked, and a kernel that only passes time. works/load.c has the same
 * arithmetic for the host.
 */

/*
 * Compute-bound: each thread follows a chaotic map, in which a wrong or missing step changes the
 * result. Explicit operations, so that the host's results are the same to the bit.
 */
extern "C" __global__ void compute(float *results, unsigned long long *blocks_done,
				   unsigned int rounds)
{
	unsigned int index = blockIdx.x * blockDim.x + threadIdx.x;
	float x = (index % 8 + 1) / 17.0f;

	for (unsigned int round = 0; round < rounds; round++)
		x = __fmul_rn(3.99f, __fmaf_rn(-x, x, x));
	results[index] = x;
	if (threadIdx.x == 0)
		atomicAdd(blocks_done, 1);
}

/* Memory-bound: reads, changes and writes every word, so many times over. */
extern "C" __global__ void memory(uint4 *words, unsigned long long count,
				  unsigned long long *blocks_done, unsigned int rounds)
{
	unsigned long long step = (unsigned long long)gridDim.x * blockDim.x;

	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
		     i < count; i += step) {
			uint4 word = words[i];

			words[i] = make_uint4(word.x + 1, word.y + 1, word.z + 1, word.w + 1);
		}
	if (threadIdx.x == 0)
		atomicAdd(blocks_done, 1);
}

/* How many 32-bit words are not what they must be. */
extern "C" __global__ void count_other(const unsigned int *words, unsigned long long count,
				       unsigned int expected, unsigned long long *other)
{
	unsigned long long step = (unsigned long long)gridDim.x * blockDim.x, found = 0;

	for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
	     i < count; i += step)
		found += words[i] != expected;
	if (found)
		atomicAdd(other, found);
}

static __device__ unsigned long long global_timer(void)
{
	unsigned long long ns;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
	return ns;
}

/* Keeps a stream busy for so many nanoseconds. */
extern "C" __global__ void spin(unsigned long long ns)
{
	unsigned long long start = global_timer();

	while (global_timer() - start < ns)
		;
}
