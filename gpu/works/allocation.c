// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * allocation: samples are microseconds of the host for one cuMemAlloc, for one cuMemFree, or for
 * both. A buffer whose allocation or free is timed apart is written and the context synchronised in
 * between, outside the time that is taken: a driver may put off what a buffer costs until it is
 * used, and a free waits for the work that still uses it.
 */
#include "allocation.h"
#include "works.h"

#define LARGE	   (64 << 20) /* bytes: a driver clears what was freed in the background, */
#define CLEARED_NS 5	      /* and is given so long for 1 KiB, outside the time that is taken */

/* Allocate, write, free; *ns has what was asked for added. */
static int once(struct tenant *tenant, uint64_t *ns)
{
	size_t bytes = tenant->order.argument[ALLOCATION_BYTES];
	uint64_t timed = tenant->order.argument[ALLOCATION_TIMED], times[4];
	CUdeviceptr pointer;

	times[0] = now_ns();
	if (CALL(tenant, cu.MemAlloc(&pointer, bytes)))
		return -1;
	times[1] = times[2] = now_ns();
	if (timed != ALLOCATION_PAIR) {
		if (CALL(tenant, cu.MemsetD32Async(pointer, 0xa5a5a5a5, bytes / 4, NULL)) ||
		    CALL(tenant, cu.CtxSynchronize()))
			return -1;
		times[2] = now_ns();
	}
	if (CALL(tenant, cu.MemFree(pointer)))
		return -1;
	times[3] = now_ns();
	*ns += timed == ALLOCATION_ALLOC  ? times[1] - times[0]
	       : timed == ALLOCATION_FREE ? times[3] - times[2]
					  : times[3] - times[0];
	return 0;
}

static int prepare(struct tenant *tenant)
{
	uint64_t ignored = 0;
	CUdeviceptr pointer;
	CUresult error = cu.MemAlloc(&pointer, tenant->order.argument[ALLOCATION_BYTES]);

	if (error == CUDA_ERROR_OUT_OF_MEMORY)
		return tenant_waive(tenant, "%ju bytes are more than a tenant can have here",
				    (uintmax_t)tenant->order.argument[ALLOCATION_BYTES]);
	if (CALL(tenant, error) || CALL(tenant, cu.MemFree(pointer)))
		return -1;
	return once(tenant, &ignored);
}

/* Without sleeping: a CPU that slept is slow for the next call. */
static void let_clear(size_t bytes)
{
	uint64_t end = now_ns() + bytes / 1024 * CLEARED_NS;

	while (bytes >= LARGE && now_ns() < end)
		;
}

static int run(struct tenant *tenant)
{
	while (sampling_more(tenant)) {
		uint64_t ns = 0;

		for (uint32_t i = 0; i < tenant->order.repeat; i++)
			if (once(tenant, &ns))
				return -1;
		sampling_add(tenant, ns / 1e3);
		let_clear(tenant->order.argument[ALLOCATION_BYTES]);
	}
	return 0;
}

const struct work work_allocation = {.name = "allocation", .prepare = prepare, .run = run};
