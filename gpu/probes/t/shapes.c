// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "shapes.h"

#define TILE 16

static float float_at(const struct buffers *buffers, uint32_t i)
{
	union {
		uint32_t word;
		float value;
	} u = {.word = buffers->out[i]};

	return u.value;
}

static bool vec_add_is_right(const struct shape *shape, const struct buffers *buffers)
{
	for (uint32_t i = 0; i < shape->n; i++)
		if (float_at(buffers, i) != buffers->of_a[i] + buffers->of_b[i])
			return false;
	return true;
}

static bool reduction_is_right(const struct shape *shape, const struct buffers *buffers)
{
	for (uint32_t begin = 0, block = 0; begin < shape->n; begin += shape->block[0], block++) {
		uint32_t sum = 0;

		for (uint32_t i = begin; i < shape->n && i < begin + shape->block[0]; i++)
			sum += buffers->words[i];
		if (buffers->out[block] != sum)
			return false;
	}
	return true;
}

static bool gemm_is_right(const struct shape *shape, const struct buffers *buffers)
{
	uint32_t n = shape->n;

	for (uint32_t y = 0; y < n; y++)
		for (uint32_t x = 0; x < n; x++) {
			float sum = 0;

			for (uint32_t k = 0; k < n; k++)
				sum += buffers->of_a[y * n + k] * buffers->of_b[k * n + x];
			if (float_at(buffers, y * n + x) != sum)
				return false;
		}
	return true;
}

static bool stencil_is_right(const struct shape *shape, const struct buffers *buffers)
{
	uint32_t n = shape->n;
	const uint32_t *in = buffers->words;

	for (uint32_t y = 1; y < n - 1; y++)
		for (uint32_t x = 1; x < n - 1; x++) {
			uint32_t i = y * n + x;

			if (buffers->out[i] !=
			    in[i] + in[i - 1] + in[i + 1] + in[i - n] + in[i + n])
				return false;
		}
	return true;
}

static bool scatter_is_right(const struct shape *shape, const struct buffers *buffers)
{
	for (uint32_t i = 0; i < shape->n; i++)
		if (i % 3 != 1 && buffers->out[i * 2654435761u % shape->n] !=
					  buffers->words[4 * i] + buffers->words[4 * i + 3])
			return false;
	return true;
}

static bool calls_is_right(const struct shape *shape, const struct buffers *buffers)
{
	for (uint32_t i = 0; i < shape->n; i++)
		if (buffers->out[i] != buffers->words[i % 2 ? i / 256 * 256 + 255 - i % 256 : i])
			return false;
	return true;
}

static bool leaves_is_right(const struct shape *shape, const struct buffers *buffers)
{
	for (uint32_t i = 0; i < shape->n; i++)
		if (buffers->out[i] != buffers->words[i])
			return false;
	return true;
}

#define VEC_ADD(name, n, threads, blocks)                                                          \
	{                                                                                          \
		name, "vec_add", n, {blocks, 1, 1}, {threads, 1, 1}, 0, true, true, 3ull * (n),    \
			vec_add_is_right                                                           \
	}

const struct shape shapes[] = {
	/* The presets of the overhead figures. */
	VEC_ADD("tiny", 32, 32, 1),
	VEC_ADD("small", 1000, 256, 4),
	VEC_ADD("medium", 10000, 256, 40),
	VEC_ADD("large", 100000, 512, 196),
	VEC_ADD("xlarge", 1000000, 512, 1954),
	/* 20 blocks of 100 have nothing to add. */
	{"reduction",
	 "reduction",
	 20000,
	 {100, 1, 1},
	 {256, 1, 1},
	 1024,
	 false,
	 false,
	 20000 + (20000 + 255) / 256,
	 reduction_is_right},
	{"gemm",
	 "gemm",
	 128,
	 {8, 8, 1},
	 {TILE, TILE, 1},
	 0,
	 true,
	 true,
	 128ull * 128 * (2 * (128 / TILE) + 1),
	 gemm_is_right},
	{"stencil",
	 "stencil",
	 250,
	 {8, 32, 1},
	 {32, 8, 1},
	 0,
	 false,
	 false,
	 248ull * 248 * 6,
	 stencil_is_right},
	{"scatter",
	 "scatter",
	 65536,
	 {256, 1, 1},
	 {256, 1, 1},
	 0,
	 false,
	 false,
	 2ull * (65536 - 65536 / 3),
	 scatter_is_right},
	{0},
};

const struct shape special_shapes[] = {
	/* What the function loads is seen with generic accesses only. */
	{"calls",
	 "calls",
	 10240,
	 {40, 1, 1},
	 {256, 1, 1},
	 0,
	 false,
	 false,
	 2 * 10240,
	 calls_is_right},
	{"leaves",
	 "leaves",
	 10000,
	 {40, 1, 1},
	 {256, 1, 1},
	 0,
	 false,
	 false,
	 2 * 10000,
	 leaves_is_right},
	{0},
};

uint64_t shape_threads(const struct shape *shape)
{
	uint64_t threads = 1;

	for (unsigned int i = 0; i < 3; i++)
		threads *= (uint64_t)shape->grid[i] * shape->block[i];
	return threads;
}
