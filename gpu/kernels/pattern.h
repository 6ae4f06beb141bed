/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the device and the host must both compute alike: the pattern of verified data, and the order
 * in which a pointer chase goes through its lines. Plain C, that nvcc takes as well.
 */
#ifndef EXITLAB_GPU_KERNELS_PATTERN_H
#define EXITLAB_GPU_KERNELS_PATTERN_H

#include <stdint.h>

#ifdef __CUDACC__
#define ON_BOTH static inline __host__ __device__
#else
#define ON_BOTH static inline
#endif

/* Word i of a buffer: no two neighbours alike, another pattern for another seed. */
ON_BOTH uint32_t pattern_word(uint32_t seed, uint64_t i)
{
	return (uint32_t)(i * 2654435761u) ^ (seed * 0x9e3779b9u);
}

#define CHASE_LINE 128 /* bytes, of an L2 line */

/* A set of lines, all of which one cycle goes through in a random order. */
struct chase_set {
	uint32_t lines;
	uint16_t bits; /* of lines - 1, at least 2: positions are 0 to 2^bits - 1 */
	uint16_t seed;
};

/*
 * The line at a position: a bijection of bits bits, by steps that each are one. Lines that the set
 * does not have are skipped by chase_next(): a cycle with some of its members left out is a cycle.
 */
ON_BOTH uint32_t chase_line(struct chase_set set, uint32_t position)
{
	uint32_t mask = (uint32_t)((1ull << set.bits) - 1), x = (position + set.seed) & mask;

	for (int round = 0; round < 3; round++) {
		x = x * 0x9e3779b1u & mask;
		x ^= x >> (set.bits / 2);
		x = (x + 0x7f4a7c15u) & mask;
	}
	return x;
}

/* The next position, with a line that the set has, after one that may have none. */
ON_BOTH uint32_t chase_next(struct chase_set set, uint32_t position)
{
	do
		position = (position + 1) & (uint32_t)((1ull << set.bits) - 1);
	while (chase_line(set, position) >= set.lines);
	return position;
}

#endif
