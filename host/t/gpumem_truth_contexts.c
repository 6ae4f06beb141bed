// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Allocations on two devices, in contexts that come and go: what each device has is known at each
 * step, and printed as "truth PID/DEVICE ...".
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "../util.h"
#include "gpumem_truth.h"

#define NEED(call)                                                                                 \
	do {                                                                                       \
		CUresult result_ = call;                                                           \
                                                                                                   \
		if (result_)                                                                       \
			die(#call ": %s", driver_error(result_));                                  \
	} while (0)

enum where { FIRST, SECOND, HOST, UNKNOWN, PLACES };

static const char *const names[] = {"0", "1", "host", "unknown"};

static struct {
	uint64_t allocations, allocated_bytes, frees, freed_bytes, taken_back, taken_back_bytes;
} places[PLACES];

static void given(enum where where, size_t bytes)
{
	places[where].allocations++;
	places[where].allocated_bytes += bytes;
}

static CUdeviceptr on(enum where where, size_t bytes)
{
	given(where, bytes);
	return allocate(bytes);
}

static void freed(enum where where, CUdeviceptr pointer, size_t bytes)
{
	places[where].frees++;
	places[where].freed_bytes += bytes;
	release(pointer, bytes);
}

static void taken(enum where where, uint64_t number, uint64_t bytes)
{
	places[where].taken_back += number;
	places[where].taken_back_bytes += bytes;
}

static CUcontext made(int (*make)(CUcontext *, void *, unsigned int, CUdevice), CUdevice device)
{
	CUcontext fresh;

	NEED(make(&fresh, NULL, 0, device));
	return fresh;
}

static CUcontext second;
static CUdeviceptr shared;

/* Another thread, with the second device's context, frees what is of the first. */
static void *cross(void *argument)
{
	NEED(cu.CtxSetCurrent(second));
	on(SECOND, 500);
	freed(FIRST, shared, 1000);
	return argument;
}

static void one_current_after_another(void)
{
	pthread_t thread;

	shared = on(FIRST, 1000);
	second = made(dlsym(RTLD_DEFAULT, "cuCtxCreate_v4"), 1);
	on(SECOND, 2000);
	NEED(cu.CtxPushCurrent(context));
	on(FIRST, 3000);
	NEED(cu.CtxPopCurrent(NULL));
	on(SECOND, 4000);
	if (pthread_create(&thread, NULL, cross, NULL))
		die("no thread");
	pthread_join(thread, NULL);
}

/* Not all is of the context that is current, and not all goes with it. */
static void others_than_the_current(void)
{
	int (*default_pool)(void **, CUdevice) = dlsym(RTLD_DEFAULT, "cuDeviceGetDefaultMemPool");
	int (*pool_at)(void **, const CUmemLocation *, int) =
		dlsym(RTLD_DEFAULT, "cuMemGetMemPool");
	int (*make_pool)(void **, const CUmemAllocationProp *) =
		dlsym(RTLD_DEFAULT, "cuMemPoolCreate");
	int (*from_pool)(CUdeviceptr *, size_t, void *, CUstream) =
		dlsym(RTLD_DEFAULT, "cuMemAllocFromPoolAsync");
	CUmemAllocationProp property = {.type = 1, .location = {1, 1}};
	CUmemGenericAllocationHandle handle;
	CUdeviceptr pointer;
	void *host, *pool;

	NEED(cu.MemAllocAsync(&pointer, 700, NULL));
	given(SECOND, 700);
	count_allocation(700);
	NEED(cu.MemHostAlloc(&host, 50, 0));
	given(HOST, 50);
	count_allocation(50);
	NEED(cu.CtxSetCurrent(context)); /* instead of the second */
	on(FIRST, 100);
	NEED(cu.MemCreate(&handle, 2 << 20, &property, 0));
	NEED(default_pool(&pool, 1));
	NEED(from_pool(&pointer, 701, pool, NULL));
	NEED(pool_at(&pool, &property.location, 1));
	NEED(from_pool(&pointer, 703, pool, NULL));
	NEED(make_pool(&pool, &property));
	NEED(from_pool(&pointer, 702, pool, NULL));
	given(SECOND, 2 << 20);
	given(SECOND, 701);
	given(SECOND, 702);
	given(SECOND, 703);
	count_allocation(2 << 20);
	count_allocation(701);
	count_allocation(702);
	count_allocation(703);
	NEED(cu.CtxSetCurrent(NULL)); /* what was below is as well of the first */
	on(FIRST, 200);
	NEED(cu.CtxDestroy(second));
	taken(SECOND, 3, 2000 + 4000 + 500);
	taken(HOST, 1, 50);
}

/* Only the last release takes back. */
static void primary(void)
{
	CUcontext own;

	NEED(cu.DevicePrimaryCtxRetain(&own, 1));
	NEED(cu.DevicePrimaryCtxRetain(&own, 1));
	NEED(cu.CtxPushCurrent(own));
	on(SECOND, 600);
	NEED(cu.DevicePrimaryCtxRelease(1));
	on(SECOND, 601);
	NEED(cu.DevicePrimaryCtxRelease(1));
	taken(SECOND, 2, 600 + 601);
	NEED(cu.DevicePrimaryCtxRetain(&own, 1));
	on(SECOND, 602);
	NEED(cu.DevicePrimaryCtxReset(1));
	taken(SECOND, 1, 602);
	on(SECOND, 603);
	NEED(cu.CtxPopCurrent(NULL));
	on(FIRST, 604);
}

/* What is below more contexts than the tracer keeps is unknown when it is come back to. */
static void deep(void)
{
	for (int depth = 7; depth <= 8; depth++) {
		for (int i = 0; i < depth; i++)
			NEED(cu.CtxPushCurrent(context));
		for (int i = 0; i < depth; i++)
			NEED(cu.CtxPopCurrent(NULL));
		on(depth < 8 ? FIRST : UNKNOWN, 800 + depth);
	}
}

void contexts(void)
{
	one_current_after_another();
	others_than_the_current();
	primary();
	deep();
	for (size_t i = 0; i < PLACES; i++)
		printf("truth %d/%s allocations %" PRIu64 " allocated_bytes %" PRIu64
		       " frees %" PRIu64 " freed_bytes %" PRIu64 " taken_back %" PRIu64
		       " taken_back_bytes %" PRIu64 " live 0\n",
		       getpid(), names[i], places[i].allocations, places[i].allocated_bytes,
		       places[i].frees, places[i].freed_bytes, places[i].taken_back,
		       places[i].taken_back_bytes);
}
