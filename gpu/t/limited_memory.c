// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The limiter's memory limit: what counts, what comes back, threads at the limit. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "limited.h"

#define THREADS 8

CUresult cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
			    unsigned int element);
CUresult cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes, void *pool, CUstream stream);

static size_t left(void)
{
	size_t available, total;

	OK(cu.MemGetInfo(&available, &total));
	assert_int_equal(total, LIMIT);
	return available;
}

static CUresult take_pitch(CUdeviceptr *pointer, size_t bytes)
{
	size_t pitch;

	return EXTRA(cuMemAllocPitch_v2)(pointer, &pitch, 1024, bytes / 1024, 4);
}

static CUresult take_managed(CUdeviceptr *pointer, size_t bytes)
{
	return cu.MemAllocManaged(pointer, bytes, CU_MEM_ATTACH_GLOBAL);
}

static CUresult take_async(CUdeviceptr *pointer, size_t bytes)
{
	return cu.MemAllocAsync(pointer, bytes, NULL);
}

static CUresult take_from_pool(CUdeviceptr *pointer, size_t bytes)
{
	return EXTRA(cuMemAllocFromPoolAsync)(pointer, bytes, NULL, NULL);
}

static CUresult create(CUmemGenericAllocationHandle *handle, size_t bytes)
{
	const CUmemAllocationProp property = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0},
	};

	return cu.MemCreate(handle, bytes, &property, 0);
}

static CUresult free_async(CUdeviceptr pointer)
{
	return cu.MemFreeAsync(pointer, NULL);
}

void every_way_to_allocate_counts(void **state)
{
	const struct {
		CUresult (*take)(CUdeviceptr *pointer, size_t bytes);
		CUresult (*give)(CUdeviceptr pointer);
	} ways[] = {
		{cu.MemAlloc, cu.MemFree}, {take_pitch, cu.MemFree}, {take_managed, cu.MemFree},
		{take_async, free_async},  {take_async, cu.MemFree}, {take_from_pool, free_async},
		{create, cu.MemRelease},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		CUdeviceptr most, rest, none;

		assert_int_equal(left(), LIMIT);
		assert_int_equal(ways[i].take(&none, LIMIT + MIB), CUDA_ERROR_OUT_OF_MEMORY);
		OK(ways[i].take(&most, LIMIT - 2 * MIB));
		assert_int_equal(left(), 2 * MIB);
		assert_int_equal(ways[i].take(&none, 4 * MIB), CUDA_ERROR_OUT_OF_MEMORY);
		assert_int_equal(cu.MemAlloc(&none, 2 * MIB + 1), CUDA_ERROR_OUT_OF_MEMORY);
		OK(ways[i].take(&rest, 2 * MIB));
		assert_int_equal(left(), 0);
		OK(ways[i].give(most));
		assert_int_equal(left(), LIMIT - 2 * MIB);
		OK(ways[i].give(rest));
	}
	assert_int_equal(left(), LIMIT);
}

/* Rows of 513 bytes take 1024 each, as the fake has it. */
void a_pitch_counts_as_what_it_takes(void **state)
{
	CUdeviceptr pointer;
	size_t pitch;

	(void)state;
	OK(EXTRA(cuMemAllocPitch_v2)(&pointer, &pitch, 513, 1024, 4));
	assert_int_equal(left(), LIMIT - MIB);
	OK(cu.MemFree(pointer));
	assert_int_equal(EXTRA(cuMemAllocPitch_v2)(&pointer, &pitch, 513, LIMIT / 1024 + 1, 4),
			 CUDA_ERROR_OUT_OF_MEMORY);
	assert_int_equal(left(), LIMIT);
}

void what_the_limiter_does_not_know_is_left_to_the_driver(void **state)
{
	CUdeviceptr pointer;
	void *host;

	(void)state;
	OK(cu.MemAlloc(&pointer, MIB));
	assert_int_not_equal(cu.MemFree(pointer + 4096), CUDA_SUCCESS);
	assert_int_not_equal(cu.MemFree(12345), CUDA_SUCCESS);
	assert_int_equal(left(), LIMIT - MIB);
	OK(cu.MemFree(pointer));
	assert_int_not_equal(cu.MemFree(pointer), CUDA_SUCCESS);
	assert_int_equal(left(), LIMIT);
	assert_int_not_equal(cu.MemAlloc(&pointer, 0), CUDA_SUCCESS);
	OK(cu.MemHostAlloc(&host, 2 * LIMIT, 0));
	assert_int_equal(left(), LIMIT);
	OK(cu.MemFreeHost(host));
}

/* Without a context the driver refuses all of it. */
void what_the_driver_refuses_changes_nothing(void **state)
{
	CUdeviceptr pointer, other;

	(void)state;
	OK(cu.MemAlloc(&pointer, MIB));
	OK(cu.CtxSetCurrent(NULL));
	assert_int_not_equal(cu.MemAlloc(&other, MIB), CUDA_SUCCESS);
	assert_int_not_equal(cu.MemFree(pointer), CUDA_SUCCESS);
	OK(cu.CtxSetCurrent(context));
	assert_int_equal(left(), LIMIT - MIB);
	OK(cu.MemFree(pointer));
	assert_int_equal(left(), LIMIT);
}

void mapped_memory_outlives_its_handle(void **state)
{
	CUmemGenericAllocationHandle handles[2];
	CUdeviceptr at;

	(void)state;
	OK(cu.MemAddressReserve(&at, 8 * MIB, 0, 0, 0));
	for (int i = 0; i < 2; i++) {
		OK(create(&handles[i], 4 * MIB));
		OK(cu.MemMap(at + i * 4 * MIB, 4 * MIB, 0, handles[i], 0));
		OK(cu.MemRelease(handles[i]));
	}
	assert_int_equal(left(), LIMIT - 8 * MIB);
	OK(cu.MemUnmap(at, 4 * MIB));
	assert_int_equal(left(), LIMIT - 4 * MIB);
	OK(cu.MemUnmap(at + 4 * MIB, 4 * MIB));
	assert_int_equal(left(), LIMIT);
	OK(cu.MemAddressFree(at, 8 * MIB));
}

void a_context_takes_its_memory_with_it(void **state)
{
	CUcontext other;
	CUdeviceptr pointer;

	(void)state;
	OK(cu.CtxCreate(&other, 0, 0));
	OK(cu.MemAlloc(&pointer, LIMIT / 2));
	OK(cu.MemAlloc(&pointer, LIMIT / 4));
	OK(cu.CtxDestroy(other));
	OK(cu.CtxSetCurrent(context));
	assert_int_equal(left(), LIMIT);
}

static _Atomic uint64_t held, most_held, refused;
static pthread_barrier_t all_here;

static void *allocate_at_random(void *seed)
{
	unsigned int random = (uintptr_t)seed;
	CUdeviceptr pointers[8] = {0};
	size_t sizes[8] = {0};

	cu.CtxSetCurrent(context);
	pthread_barrier_wait(&all_here);
	for (int i = 0; i < 100000; i++) {
		int slot = rand_r(&random) % 8;

		if (pointers[slot]) {
			held -= sizes[slot];
			cu.MemFree(pointers[slot]);
			pointers[slot] = 0;
			continue;
		}
		sizes[slot] = (rand_r(&random) % 64 + 1) * (MIB / 4);
		if (cu.MemAlloc(&pointers[slot], sizes[slot])) {
			pointers[slot] = 0;
			refused++;
			continue;
		}
		uint64_t now = held += sizes[slot], most = most_held;

		while (now > most && !atomic_compare_exchange_weak(&most_held, &most, now))
			;
	}
	for (int slot = 0; slot < 8; slot++)
		if (pointers[slot]) {
			held -= sizes[slot];
			cu.MemFree(pointers[slot]);
		}
	return NULL;
}

void the_limit_is_exact_under_threads(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	assert_int_equal(pthread_barrier_init(&all_here, NULL, THREADS), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, allocate_at_random, (void *)(i + 1)), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(most_held <= LIMIT && most_held > LIMIT / 2);
	assert_true(refused);
	assert_int_equal(left(), LIMIT);
}
