/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pointer chases: each load says where the next one goes, so that the time of a step is the latency
 * of whatever level of memory serves it. All loads pass the L1 by.
 */
#include <stdint.h>

#include "pattern.h"

#define LINE_WORDS (CHASE_LINE / 4)

/* Writes into each line which one is next. A thread for each position. */
extern "C" __global__ void chase_build(uint32_t *lines, struct chase_set set)
{
	uint64_t position = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
	uint32_t line;

	if (position >> set.bits)
		return;
	line = chase_line(set, (uint32_t)position);
	if (line < set.lines)
		lines[(uint64_t)line * LINE_WORDS] =
			chase_line(set, chase_next(set, (uint32_t)position));
}

/*
 * Reads all lines, in the order of their addresses, by a grid of any size: what a cache keeps of it
 * has nothing to do with the order of the chase. Adds what they hold to *sum: lines * (lines - 1) /
 * 2 where each was read once.
 */
extern "C" __global__ void chase_touch(const uint32_t *lines, struct chase_set set,
				       unsigned long long *sum)
{
	uint64_t step = (uint64_t)gridDim.x * blockDim.x;
	unsigned long long mine = 0;

	for (uint64_t line = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; line < set.lines;
	     line += step)
		mine += __ldcg(lines + line * LINE_WORDS);
	for (int lanes = 16; lanes; lanes /= 2)
		mine += __shfl_down_sync(0xffffffff, mine, lanes);
	if (threadIdx.x % 32 == 0)
		atomicAdd(sum, mine);
}

static __device__ unsigned long long global_ns()
{
	unsigned long long ns;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns)::"memory");
	return ns;
}

/*
 * Chases on from a line, chunks times steps, by one thread. result[0] is the line it came to, those
 * behind it the ns of each chunk.
 */
extern "C" __global__ void chase_walk(const uint32_t *lines, struct chase_set set, uint32_t line,
				      uint32_t chunks, uint32_t steps, unsigned long long *result)
{
	for (uint32_t chunk = 0; chunk < chunks; chunk++) {
		unsigned long long start = global_ns();

#pragma unroll 8
		for (uint32_t i = 0; i < steps; i++)
			line = __ldcg(lines + (uint64_t)line * LINE_WORDS);
		/* The branch waits for the last load; without it, the clock would be read before. */
		if (line >= set.lines)
			break;
		result[1 + chunk] = global_ns() - start;
	}
	result[0] = line;
}
