/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdint.h>

#include "secret.h"

extern "C" __global__ void secret_fill(uint64_t *words, uint64_t count, uint64_t key)
{
	uint64_t step = (uint64_t)gridDim.x * blockDim.x;

	for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step)
		words[i] = secret_word(key, i);
}

/* How many of count words are of a secret of so many words. */
extern "C" __global__ void secret_count(const uint64_t *words, uint64_t count, uint64_t key,
					uint64_t secret_words, unsigned long long *found)
{
	uint64_t step = (uint64_t)gridDim.x * blockDim.x;
	unsigned long long mine = 0;

	for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step)
		mine += secret_is(words[i], key, secret_words);
	if (mine)
		atomicAdd(found, mine);
}
