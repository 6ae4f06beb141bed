// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exceed: samples are microseconds of the host for a call that asks for more than is left of the
 * limit and is refused. Most of the limit is taken by cuMemAlloc first, so that a limiter has to
 * add up what was got in different ways. What is not refused is INVALID; so is a limiter that
 * refuses what is within its limit.
 */
#include <stdlib.h>
#include <string.h>

#include "fill.h"
#include "works.h"

struct exceed {
	const struct path *path;
	CUdeviceptr filling;
	uint64_t filled;
	size_t granularity; /* of cuMemCreate */
};

static CUmemAllocationProp property(const struct tenant *tenant)
{
	return (CUmemAllocationProp){
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = {CU_MEM_LOCATION_TYPE_DEVICE, tenant->device},
	};
}

static CUresult take_sync(struct tenant *tenant, size_t bytes, CUdeviceptr *taken)
{
	(void)tenant;
	return cu.MemAlloc(taken, bytes);
}

static CUresult take_async(struct tenant *tenant, size_t bytes, CUdeviceptr *taken)
{
	return cu.MemAllocAsync(taken, bytes, tenant->stream);
}

static CUresult take_managed(struct tenant *tenant, size_t bytes, CUdeviceptr *taken)
{
	(void)tenant;
	return cu.MemAllocManaged(taken, bytes, CU_MEM_ATTACH_GLOBAL);
}

static CUresult take_vmm(struct tenant *tenant, size_t bytes, CUdeviceptr *taken)
{
	const struct exceed *exceed = tenant->state;
	const CUmemAllocationProp what = property(tenant);
	size_t rounded = (bytes + exceed->granularity - 1) / exceed->granularity;

	return cu.MemCreate(taken, rounded * exceed->granularity, &what, 0);
}

static CUresult give_async(struct tenant *tenant, CUdeviceptr taken)
{
	return cu.MemFreeAsync(taken, tenant->stream) ?: cu.StreamSynchronize(tenant->stream);
}

static CUresult give_sync(struct tenant *tenant, CUdeviceptr taken)
{
	(void)tenant;
	return cu.MemFree(taken);
}

static CUresult give_vmm(struct tenant *tenant, CUdeviceptr taken)
{
	(void)tenant;
	return cu.MemRelease(taken);
}

static const struct path {
	const char *name;
	int attribute; /* of a device that has it; 0: all have */
	CUresult (*take)(struct tenant *tenant, size_t bytes, CUdeviceptr *taken);
	CUresult (*give)(struct tenant *tenant, CUdeviceptr taken);
	const char *call;
} paths[] = {
	{"sync", 0, take_sync, give_sync, "cuMemAlloc"},
	{"async", CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, take_async, give_async,
	 "cuMemAllocAsync"},
	{"managed", CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY, take_managed, give_sync,
	 "cuMemAllocManaged"},
	{"vmm", CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, take_vmm, give_vmm,
	 "cuMemCreate"},
};

/* What is within the limit must be granted. */
static int try_within(struct tenant *tenant)
{
	const struct exceed *exceed = tenant->state;
	uint64_t bytes = tenant->order.argument[FILL_LIMIT] / 64;
	CUdeviceptr taken;
	CUresult error = exceed->path->take(tenant, bytes, &taken);

	if (error == CUDA_ERROR_OUT_OF_MEMORY)
		return tenant_invalid(
			tenant, "%s of %ju bytes was refused with %ju bytes of the limit left",
			exceed->path->call, (uintmax_t)bytes,
			(uintmax_t)(tenant->order.argument[FILL_LIMIT] - exceed->filled));
	if (CALL(tenant, error))
		return -1;
	return CALL(tenant, exceed->path->give(tenant, taken));
}

static int prepare(struct tenant *tenant)
{
	struct exceed *exceed = tenant->state = calloc(1, sizeof(*exceed));
	const CUmemAllocationProp what = property(tenant);
	uint64_t limit = tenant->order.argument[FILL_LIMIT];
	CUresult error = CUDA_ERROR_OUT_OF_MEMORY;
	int has = 1;

	if (!exceed)
		return tenant_fail(tenant, "no memory");
	exceed->path = paths;
	while (strcmp(exceed->path->name, tenant->order.text))
		exceed->path++;
	if (exceed->path->attribute &&
	    CALL(tenant, cu.DeviceGetAttribute(&has, exceed->path->attribute, tenant->device)))
		return -1;
	if (!has)
		return tenant_waive(tenant, "this device has no %s", exceed->path->call);
	if (exceed->path->take == take_vmm &&
	    CALL(tenant, cu.MemGetAllocationGranularity(&exceed->granularity, &what,
							CU_MEM_ALLOC_GRANULARITY_MINIMUM)))
		return -1;
	/* A limiter may count the context, too: so less than all of the limit may be had. */
	for (int eighths = 7; error == CUDA_ERROR_OUT_OF_MEMORY && eighths; eighths--) {
		exceed->filled = limit / 8 * eighths;
		error = cu.MemAlloc(&exceed->filling, exceed->filled);
	}
	if (CALL(tenant, error))
		return -1;
	return try_within(tenant);
}

static int run(struct tenant *tenant)
{
	const struct exceed *exceed = tenant->state;
	uint64_t limit = tenant->order.argument[FILL_LIMIT];
	uint64_t more = limit - exceed->filled + limit / 8;

	while (sampling_more(tenant)) {
		uint64_t start = now_ns(), end;
		CUresult error = CUDA_ERROR_OUT_OF_MEMORY;
		CUdeviceptr taken;

		for (uint32_t i = 0; i < tenant->order.repeat; i++)
			if ((error = exceed->path->take(tenant, more, &taken)) !=
			    CUDA_ERROR_OUT_OF_MEMORY)
				break;
		end = now_ns();
		if (!error) {
			exceed->path->give(tenant, taken);
			return tenant_invalid(tenant, "not limited: %s got %ju bytes beyond it",
					      exceed->path->call, (uintmax_t)(limit / 8));
		}
		if (error != CUDA_ERROR_OUT_OF_MEMORY)
			return CALL(tenant, error);
		sampling_add(tenant, (end - start) / 1e3);
	}
	return try_within(tenant);
}

static void finish(struct tenant *tenant)
{
	struct exceed *exceed = tenant->state;

	if (exceed && exceed->filling)
		cu.MemFree(exceed->filling);
	free(exceed);
}

const struct work work_exceed = {
	.name = "exceed", .prepare = prepare, .run = run, .finish = finish};
