// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * degradation: samples are percent of its throughput that a tenant loses once its allocations have
 * been refused: a slice of work, refusals, a slice of work. All results are verified. Fact:
 * refusals.
 */
#include <stdlib.h>

#include "load.h"

#define SLICE	       40e-3 /* seconds */
#define KERNEL_SECONDS 250e-6
#define REFUSALS       8	    /* between two slices */
#define BEYOND	       (1ull << 28) /* bytes more than are free */

/* Asks for more than is free: that has to be refused, and with the right name. */
static int be_refused(struct tenant *tenant)
{
	size_t available, total;

	if (CALL(tenant, cu.MemGetInfo(&available, &total)))
		return -1;
	for (int i = 0; i < REFUSALS; i++) {
		CUdeviceptr pointer = 0;
		CUresult error = cu.MemAlloc(&pointer, available + BEYOND);

		if (!error) {
			cu.MemFree(pointer);
			return tenant_invalid(tenant,
					      "%zu bytes more than are free were not refused",
					      (size_t)BEYOND);
		}
		if (error != CUDA_ERROR_OUT_OF_MEMORY)
			return tenant_invalid(tenant, "the refusal is %s, not out of memory",
					      driver_error(error));
	}
	return 0;
}

static int prepare(struct tenant *tenant)
{
	tenant->state = calloc(1, sizeof(struct load));
	if (!tenant->state)
		return tenant_fail(tenant, "no memory");
	return load_open(tenant, tenant->state, LOAD_COMPUTE, LOAD_BLOCKS, KERNEL_SECONDS);
}

static int slice(struct tenant *tenant, double *rate)
{
	return load_measure(tenant, tenant->state, now_ns() + (uint64_t)(SLICE * SECOND), 1, rate);
}

static int run(struct tenant *tenant)
{
	uint64_t refusals = 0;
	double before, after;

	sampling_watch_clock(tenant);
	while (sampling_more(tenant)) {
		if (slice(tenant, &before) || be_refused(tenant) || slice(tenant, &after) ||
		    load_verify(tenant, tenant->state))
			return -1;
		refusals += REFUSALS;
		sampling_add(tenant, 100 * (1 - after / before));
	}
	tenant_fact(tenant, "refusals=%ju", (uintmax_t)refusals);
	return 0;
}

static void finish(struct tenant *tenant)
{
	if (tenant->state)
		load_close(tenant->state);
	free(tenant->state);
}

const struct work work_degradation = {
	.name = "degradation", .prepare = prepare, .run = run, .finish = finish};
