// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Elements are whole numbers from -2 to 2, so that sums are exact in whatever order the device
 * forms them. The result is checked as Freivalds does: c x = a (b x) for a vector x, which takes
 * the host n^2 operations. x is odd everywhere, so that no single wrong element can hide.
 */
#include <stdlib.h>

#include "gemm.h"

#define TILE	128 /* as in kernels/gemm.cuh */
#define THREADS 256

static int element(uint64_t seed, uint64_t i)
{
	uint64_t mixed = (i + 1) * 0x9e3779b97f4a7c15ull + seed * 0xbf58476d1ce4e5b9ull;

	mixed ^= mixed >> 29;
	mixed *= 0x94d049bb133111ebull;
	return (int)((mixed >> 40) % 5) - 2;
}

/* bfloat16 of -2 to 2: the upper half of the float. */
static uint16_t bfloat16(int value)
{
	static const uint16_t values[] = {0xc000, 0xbf80, 0x0000, 0x3f80, 0x4000};

	return values[value + 2];
}

static int number(uint16_t value)
{
	return value == 0xc000	 ? -2
	       : value == 0xbf80 ? -1
	       : value == 0x3f80 ? 1
	       : value == 0x4000 ? 2
				 : 0;
}

static uint16_t *fill(struct tenant *tenant, CUdeviceptr *device, uint32_t n, uint64_t seed)
{
	uint64_t count = (uint64_t)n * n;
	uint16_t *host = malloc(count * sizeof(*host));

	if (!host) {
		tenant_fail(tenant, "no memory for a matrix of %ju bytes",
			    (uintmax_t)(count * sizeof(*host)));
		return NULL;
	}
	for (uint64_t i = 0; i < count; i++)
		host[i] = bfloat16(element(seed, i));
	if (CALL(tenant, cu.MemAlloc(device, count * sizeof(*host))) ||
	    CALL(tenant, cu.MemcpyHtoD(*device, host, count * sizeof(*host))) ||
	    CALL(tenant, cu.CtxSynchronize())) {
		free(host);
		return NULL;
	}
	return host;
}

int gemm_prepare(struct tenant *tenant, struct gemm *gemm, uint32_t n, uint64_t more)
{
	uint64_t seed = tenant->order.seed, need = 8ull * n * n + more;
	size_t available, total;

	gemm->n = n;
	if (CALL(tenant, cu.MemGetInfo(&available, &total)))
		return -1;
	if (total < need)
		return tenant_waive(tenant, "it takes %ju bytes, and a tenant has %ju here",
				    (uintmax_t)need, (uintmax_t)total);
	if (tenant_kernel(tenant, &gemm->kernel, "gemm"))
		return -1;
	gemm->host_a = fill(tenant, &gemm->a, n, 2 * seed);
	gemm->host_b = gemm->host_a ? fill(tenant, &gemm->b, n, 2 * seed + 1) : NULL;
	if (!gemm->host_b || CALL(tenant, cu.MemAlloc(&gemm->c, (uint64_t)n * n * sizeof(float))))
		return -1;
	return gemm_launch(tenant, gemm) ? -1 : CALL(tenant, cu.StreamSynchronize(tenant->stream));
}

int gemm_launch(struct tenant *tenant, const struct gemm *gemm)
{
	struct gemm values = *gemm;
	void *parameters[] = {&values.a, &values.b, &values.c, &values.n};
	unsigned int tiles = gemm->n / TILE;

	return CALL(tenant, cu.LaunchKernel(gemm->kernel, tiles, tiles, 1, THREADS, 1, 1, 0,
					    tenant->stream, parameters, NULL));
}

/* result = matrix x */
static void multiply(const uint16_t *matrix, const int64_t *x, int64_t *result, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		result[i] = 0;
		for (uint32_t j = 0; j < n; j++)
			result[i] += number(matrix[(uint64_t)i * n + j]) * x[j];
	}
}

/* Rows of c that are not those of the product; vectors has room for 3 n. */
static uint32_t wrong_rows(const struct gemm *gemm, const float *c, int64_t *vectors)
{
	int64_t *x = vectors, *half = vectors + gemm->n, *wanted = half + gemm->n;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < gemm->n; i++)
		x[i] = 2 * element(gemm->n, i) + 1;
	multiply(gemm->host_b, x, half, gemm->n);
	multiply(gemm->host_a, half, wanted, gemm->n);
	for (uint32_t i = 0; i < gemm->n; i++) {
		double sum = 0;

		for (uint32_t j = 0; j < gemm->n; j++)
			sum += (double)c[(uint64_t)i * gemm->n + j] * x[j];
		wrong += sum != wanted[i]; /* also where it is no number */
	}
	return wrong;
}

int gemm_verify(struct tenant *tenant, const struct gemm *gemm)
{
	size_t bytes = (size_t)gemm->n * gemm->n * sizeof(float);
	int64_t *vectors = calloc(gemm->n, 3 * sizeof(*vectors));
	float *c = malloc(bytes);
	uint32_t wrong = 0;
	int failed = 0;

	if (!c || !vectors)
		failed = tenant_fail(tenant, "no memory for %zu bytes", bytes);
	else if (CALL(tenant, cu.MemsetD8(gemm->c, 0xff, bytes)) ||
		 CALL(tenant, cu.CtxSynchronize()) || gemm_launch(tenant, gemm) ||
		 CALL(tenant, cu.StreamSynchronize(tenant->stream)) ||
		 CALL(tenant, cu.MemcpyDtoH(c, gemm->c, bytes)))
		failed = -1;
	else
		wrong = wrong_rows(gemm, c, vectors);
	free(c);
	free(vectors);
	if (wrong)
		return tenant_invalid(tenant, "%u of %u rows of the matrix product are wrong",
				      wrong, gemm->n);
	return failed;
}

void gemm_finish(struct gemm *gemm)
{
	const CUdeviceptr buffers[] = {gemm->a, gemm->b, gemm->c};

	for (int i = 0; i < 3; i++)
		if (buffers[i])
			cu.MemFree(buffers[i]);
	free(gemm->host_a);
	free(gemm->host_b);
}
