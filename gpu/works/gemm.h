/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A matrix product of known result: the arithmetic of the works "items" and "pace". */
#ifndef EXITLAB_GPU_WORKS_GEMM_H
#define EXITLAB_GPU_WORKS_GEMM_H

#include "../tenant.h"

/* Arguments of both works: indices of order.argument[]. */
enum {
	GEMM_N,	      /* rows of the matrices, a multiple of 128 */
	ITEMS_BYTES,  /* of the copy's buffer */
	ITEMS_COPIES, /* in an item */
};

struct gemm {
	uint32_t n;
	CUdeviceptr a, b, c;
	CUfunction kernel;
	uint16_t *host_a, *host_b; /* bfloat16, what a and b hold */
};

/*
 * Matrices for the device, filled; a product is launched once. As a work's prepare(). Waives where
 * a tenant's memory does not hold them and so many bytes more.
 */
int gemm_prepare(struct tenant *tenant, struct gemm *gemm, uint32_t n, uint64_t more);

/* Launches a product in the tenant's stream. */
int gemm_launch(struct tenant *tenant, const struct gemm *gemm);

/* Wipes the result, launches one product and checks every element of it. */
int gemm_verify(struct tenant *tenant, const struct gemm *gemm);

void gemm_finish(struct gemm *gemm);

#endif
