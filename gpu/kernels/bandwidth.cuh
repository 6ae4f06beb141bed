/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Copies and reads of device memory, and the pattern that shows that they did what they should.
 * Sixteen bytes a load, several loads of a thread in flight: what a device takes to reach its peak.
 */
#include <stdint.h>

#include "pattern.h"

extern "C" __global__ void pattern_fill(uint32_t *to, uint64_t words, uint32_t seed)
{
	uint64_t step = (uint64_t)gridDim.x * blockDim.x;

	for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < words; i += step)
		to[i] = pattern_word(seed, i);
}

/* Adds to *wrong how many words are not the pattern's. */
extern "C" __global__ void pattern_check(const uint32_t *at, uint64_t words, uint32_t seed,
					 unsigned long long *wrong)
{
	uint64_t step = (uint64_t)gridDim.x * blockDim.x;
	unsigned long long found = 0;

	for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < words; i += step)
		found += at[i] != pattern_word(seed, i);
	if (found)
		atomicAdd(wrong, found);
}

/*
 * Copies loads vectors, step apart, from the one at index on; those behind end are left out.
 * streams: nobody needs them again, so that caches may drop them first.
 */
template <bool streams, int loads>
static __device__ void copy_some(uint4 *to, const uint4 *from, uint64_t index, uint64_t step,
				 uint64_t end)
{
	uint4 held[loads];

#pragma unroll
	for (int i = 0; i < loads; i++)
		if (index + i * step < end)
			held[i] = streams ? __ldcs(from + index + i * step) :
					    __ldcg(from + index + i * step);
#pragma unroll
	for (int i = 0; i < loads; i++)
		if (index + i * step < end) {
			if (streams)
				__stcs(to + index + i * step, held[i]);
			else
				__stcg(to + index + i * step, held[i]);
		}
}

/* Each block copies a piece of its own, once; the grid must cover all vectors. */
#define COPY_PIECES(name, streams, loads)                                                          \
	extern "C" __global__ void name(uint4 *to, const uint4 *from, uint64_t vectors)            \
	{                                                                                          \
		copy_some<streams, loads>(                                                         \
			to, from, (uint64_t)blockIdx.x * blockDim.x * loads + threadIdx.x,         \
			blockDim.x, vectors);                                                      \
	}

/* A grid of any size goes through all vectors. */
#define COPY_STRIDES(name, streams, loads)                                                         \
	extern "C" __global__ void name(uint4 *to, const uint4 *from, uint64_t vectors)            \
	{                                                                                          \
		uint64_t step = (uint64_t)gridDim.x * blockDim.x;                                  \
                                                                                                   \
		for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < vectors;    \
		     i += step * loads)                                                            \
			copy_some<streams, loads>(to, from, i, step, vectors);                     \
	}

COPY_PIECES(copy_pieces, true, 4)
COPY_PIECES(copy_pieces_kept, false, 4)
COPY_STRIDES(copy_strides, true, 4)
COPY_STRIDES(copy_strides_kept, false, 4)

/* Adds the sum of all words, as often as they are read, to *sum. The L1 is passed by. */
extern "C" __global__ void read_sum(const uint4 *from, uint64_t vectors, uint32_t passes,
				    unsigned int *sum)
{
	uint64_t step = (uint64_t)gridDim.x * blockDim.x;
	unsigned int mine = 0;

	for (uint32_t pass = 0; pass < passes; pass++) {
#pragma unroll 4
		for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < vectors;
		     i += step) {
			uint4 vector = __ldcg(from + i);

			mine += vector.x + vector.y + vector.z + vector.w;
		}
	}
	for (int lanes = 16; lanes; lanes /= 2)
		mine += __shfl_down_sync(0xffffffff, mine, lanes);
	if (threadIdx.x % 32 == 0)
		atomicAdd(sum, mine);
}
