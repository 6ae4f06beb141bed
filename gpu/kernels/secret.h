/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Secrets that can be recognised wherever they turn up, in whole or in part: word i is a bijection
 * of key + i. The same for the device and the host.
 */
#ifndef EXITLAB_GPU_KERNELS_SECRET_H
#define EXITLAB_GPU_KERNELS_SECRET_H

#ifdef __CUDACC__
#define SECRET_FUNCTION static __host__ __device__ inline
#else
#include <stdint.h>
#define SECRET_FUNCTION static inline
#endif

/* Odd, and their inverses modulo 2^64. The shifts by 32 are their own inverses. */
#define SECRET_FIRST	      0x9e3779b97f4a7c15u
#define SECRET_FIRST_INVERSE  0xf1de83e19937733du
#define SECRET_SECOND	      0xbf58476d1ce4e5b9u
#define SECRET_SECOND_INVERSE 0x96de1b173f119089u

SECRET_FUNCTION uint64_t secret_word(uint64_t key, uint64_t i)
{
	uint64_t x = (key + i) * SECRET_FIRST;

	x = (x ^ x >> 32) * SECRET_SECOND;
	return x ^ x >> 32;
}

/* Is it one of the count words of this key? Of other words, count in 2^64 are taken for one. */
SECRET_FUNCTION int secret_is(uint64_t word, uint64_t key, uint64_t count)
{
	uint64_t x = (word ^ word >> 32) * SECRET_SECOND_INVERSE;

	return (x ^ x >> 32) * SECRET_FIRST_INVERSE - key < count;
}

#endif
