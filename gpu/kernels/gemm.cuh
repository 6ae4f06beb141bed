/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * gemm: c = a * b, square matrices of n rows, row by row; a and b in bfloat16, sums in float. n is
 * a multiple of GEMM_TILE, the grid n / GEMM_TILE squared, a block GEMM_THREADS. Tensor cores
 * where they take bfloat16, ordinary arithmetic on older devices.
 */
#include <cuda_bf16.h>
#include <mma.h>

#define GEMM_TILE    128
#define GEMM_DEPTH   32 /* of a and b in shared memory at a time */
#define GEMM_THREADS 256
#define GEMM_PAD     8 /* elements, so that rows of a tile begin in different banks */

/* 16 bytes: what a thread loads at a time, and how many of them it loads of a tile. */
typedef uint4 gemm_piece;
#define GEMM_PIECE  (sizeof(gemm_piece) / sizeof(__nv_bfloat16))
#define GEMM_PIECES (GEMM_TILE * GEMM_DEPTH / GEMM_PIECE / GEMM_THREADS)

struct gemm_tiles {
	__nv_bfloat16 a[GEMM_TILE][GEMM_DEPTH + GEMM_PAD];
	__nv_bfloat16 b[GEMM_DEPTH][GEMM_TILE + GEMM_PAD];
};

/* The pieces of this thread of the tiles at depth, from memory into registers. */
static __device__ void gemm_load(const __nv_bfloat16 *a, const __nv_bfloat16 *b, unsigned int n,
				 unsigned int depth, gemm_piece *of_a, gemm_piece *of_b)
{
	for (unsigned int i = 0; i < GEMM_PIECES; i++) {
		unsigned int at = (threadIdx.x + i * GEMM_THREADS) * GEMM_PIECE;
		size_t row = (size_t)blockIdx.y * GEMM_TILE + at / GEMM_DEPTH;
		size_t column = (size_t)blockIdx.x * GEMM_TILE + at % GEMM_TILE;

		of_a[i] = *(const gemm_piece *)&a[row * n + depth + at % GEMM_DEPTH];
		of_b[i] = *(const gemm_piece *)&b[(depth + at / GEMM_TILE) * (size_t)n + column];
	}
}

static __device__ void gemm_store(struct gemm_tiles *tiles, const gemm_piece *of_a,
				  const gemm_piece *of_b)
{
	for (unsigned int i = 0; i < GEMM_PIECES; i++) {
		unsigned int at = (threadIdx.x + i * GEMM_THREADS) * GEMM_PIECE;

		*(gemm_piece *)&tiles->a[at / GEMM_DEPTH][at % GEMM_DEPTH] = of_a[i];
		*(gemm_piece *)&tiles->b[at / GEMM_TILE][at % GEMM_TILE] = of_b[i];
	}
}

#if __CUDA_ARCH__ >= 800
/* Eight warps, two rows of four; each has 64 x 32 of the tile, in fragments of 16 x 16. */
#define GEMM_ROWS    4
#define GEMM_COLUMNS 2

struct gemm_sums {
	nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 16, float> c[GEMM_ROWS]
									      [GEMM_COLUMNS];
};

static __device__ unsigned int gemm_row(void)
{
	return threadIdx.x / 32 / 4 * GEMM_ROWS * 16;
}

static __device__ unsigned int gemm_column(void)
{
	return threadIdx.x / 32 % 4 * GEMM_COLUMNS * 16;
}

static __device__ void gemm_begin(struct gemm_sums *sums)
{
	for (int i = 0; i < GEMM_ROWS; i++)
		for (int j = 0; j < GEMM_COLUMNS; j++)
			nvcuda::wmma::fill_fragment(sums->c[i][j], 0.0f);
}

static __device__ void gemm_add(struct gemm_sums *sums, const struct gemm_tiles *tiles)
{
	using namespace nvcuda::wmma;
	fragment<matrix_a, 16, 16, 16, __nv_bfloat16, row_major> a;
	fragment<matrix_b, 16, 16, 16, __nv_bfloat16, row_major> b[GEMM_COLUMNS];

#pragma unroll
	for (int k = 0; k < GEMM_DEPTH; k += 16) {
#pragma unroll
		for (int j = 0; j < GEMM_COLUMNS; j++)
			load_matrix_sync(b[j], &tiles->b[k][gemm_column() + j * 16],
					 GEMM_TILE + GEMM_PAD);
#pragma unroll
		for (int i = 0; i < GEMM_ROWS; i++) {
			load_matrix_sync(a, &tiles->a[gemm_row() + i * 16][k],
					 GEMM_DEPTH + GEMM_PAD);
#pragma unroll
			for (int j = 0; j < GEMM_COLUMNS; j++)
				mma_sync(sums->c[i][j], a, b[j], sums->c[i][j]);
		}
	}
}

static __device__ void gemm_end(const struct gemm_sums *sums, float *c, unsigned int n)
{
	size_t row = (size_t)blockIdx.y * GEMM_TILE + gemm_row();
	size_t column = (size_t)blockIdx.x * GEMM_TILE + gemm_column();

	for (int i = 0; i < GEMM_ROWS; i++)
		for (int j = 0; j < GEMM_COLUMNS; j++)
			nvcuda::wmma::store_matrix_sync(&c[(row + i * 16) * n + column + j * 16],
							sums->c[i][j], n,
							nvcuda::wmma::mem_row_major);
}
#else
/* Each thread has a column of 64 elements of the tile. */
#define GEMM_ROWS (GEMM_TILE * GEMM_TILE / GEMM_THREADS)

struct gemm_sums {
	float c[GEMM_ROWS];
};

static __device__ unsigned int gemm_row(void)
{
	return threadIdx.x / GEMM_TILE * GEMM_ROWS;
}

static __device__ void gemm_begin(struct gemm_sums *sums)
{
	for (int i = 0; i < GEMM_ROWS; i++)
		sums->c[i] = 0;
}

static __device__ void gemm_add(struct gemm_sums *sums, const struct gemm_tiles *tiles)
{
	for (int k = 0; k < GEMM_DEPTH; k++) {
		float b = __bfloat162float(tiles->b[k][threadIdx.x % GEMM_TILE]);

#pragma unroll
		for (int i = 0; i < GEMM_ROWS; i++)
			sums->c[i] += __bfloat162float(tiles->a[gemm_row() + i][k]) * b;
	}
}

static __device__ void gemm_end(const struct gemm_sums *sums, float *c, unsigned int n)
{
	size_t row = (size_t)blockIdx.y * GEMM_TILE + gemm_row();
	size_t column = (size_t)blockIdx.x * GEMM_TILE + threadIdx.x % GEMM_TILE;

	for (int i = 0; i < GEMM_ROWS; i++)
		c[(row + i) * n + column] = sums->c[i];
}
#endif

extern "C" __global__ void __launch_bounds__(GEMM_THREADS, 2)
	gemm(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *c, unsigned int n)
{
	__shared__ __align__(32) struct gemm_tiles tiles;
	gemm_piece of_a[GEMM_PIECES], of_b[GEMM_PIECES];
	struct gemm_sums sums;

	gemm_begin(&sums);
	gemm_load(a, b, n, 0, of_a, of_b);
	for (unsigned int depth = 0; depth < n; depth += GEMM_DEPTH) {
		gemm_store(&tiles, of_a, of_b);
		__syncthreads();
		/* The next tiles come while these are worked on. */
		if (depth + GEMM_DEPTH < n)
			gemm_load(a, b, n, depth + GEMM_DEPTH, of_a, of_b);
		gemm_add(&sums, &tiles);
		__syncthreads();
	}
	gemm_end(&sums, c, n);
}
