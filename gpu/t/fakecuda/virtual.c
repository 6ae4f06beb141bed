// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory and addresses apart: cuMemCreate, cuMemAddressReserve, and cuMemMap between them. */
#include <stdlib.h>

#include "fakecuda.h"

#define GRANULARITY (2ull << 20)

/* Physical memory. It lives until it is released and nothing maps it. */
struct physical {
	struct physical *next;
	CUdeviceptr memory;
	size_t bytes;
	unsigned int mappings;
	bool released;
};

struct mapping {
	struct mapping *next;
	struct physical *physical;
	CUdeviceptr pointer;
	size_t bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct physical *all;
static struct mapping *mappings;

/* Under the lock, as all here. */
static struct physical *physical_of(CUmemGenericAllocationHandle handle)
{
	struct physical *at = all;

	while (at && (at != (struct physical *)(uintptr_t)handle || at->released))
		at = at->next;
	return at;
}

static void drop(struct physical *physical)
{
	struct physical **at = &all;

	if (!physical->released || physical->mappings)
		return;
	while (*at != physical)
		at = &(*at)->next;
	*at = physical->next;
	fake_give(KIND_PHYSICAL, physical->memory);
	free(physical);
}

/* More or fewer mappings in a reservation. False: there is none that has all of it. */
static bool count_mapping(CUdeviceptr pointer, size_t bytes, int change)
{
	struct fake_block *block;
	CUdeviceptr start;
	bool found;

	pthread_mutex_lock(&fake_memory_lock);
	block = fake_find(pointer, &start);
	found = block && block->kind == KIND_RESERVED && bytes <= start + block->size - pointer;
	if (found)
		block->mapped += change;
	pthread_mutex_unlock(&fake_memory_lock);
	return found;
}

CUresult cuMemGetAllocationGranularity(size_t *bytes, const CUmemAllocationProp *property,
				       CUmemAllocationGranularity_flags option)
{
	ENTER_CONTEXT(MemGetAllocationGranularity);
	(void)property;
	(void)option;
	*bytes = GRANULARITY;
	return CUDA_SUCCESS;
}

CUresult cuMemAddressReserve(CUdeviceptr *pointer, size_t bytes, size_t alignment,
			     CUdeviceptr address, unsigned long long flags)
{
	ENTER_CONTEXT(MemAddressReserve);
	(void)alignment;
	(void)address;
	if (bytes % GRANULARITY || flags)
		return CUDA_ERROR_INVALID_VALUE;
	return fake_take(KIND_RESERVED, bytes, pointer);
}

CUresult cuMemAddressFree(CUdeviceptr pointer, size_t bytes)
{
	ENTER_CONTEXT(MemAddressFree);
	(void)bytes;
	return fake_give(KIND_RESERVED, pointer);
}

static CUresult create(CUmemGenericAllocationHandle *handle, size_t bytes,
		       const CUmemAllocationProp *property, unsigned long long flags)
{
	struct physical *physical;
	CUresult error;

	ENTER_CONTEXT(MemCreate);
	if (!bytes || bytes % GRANULARITY || flags || !property ||
	    property->type != CU_MEM_ALLOCATION_TYPE_PINNED ||
	    property->location.type != CU_MEM_LOCATION_TYPE_DEVICE || property->location.id < 0 ||
	    property->location.id >= fake_devices)
		return CUDA_ERROR_INVALID_VALUE;
	physical = calloc(1, sizeof(*physical));
	error = physical ? fake_take(KIND_PHYSICAL, bytes, &physical->memory)
			 : CUDA_ERROR_OUT_OF_MEMORY;
	if (error) {
		free(physical);
		return error;
	}
	physical->bytes = bytes;
	pthread_mutex_lock(&lock);
	physical->next = all;
	all = physical;
	pthread_mutex_unlock(&lock);
	*handle = (uintptr_t)physical;
	return CUDA_SUCCESS;
}

CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
		     const CUmemAllocationProp *property, unsigned long long flags)
{
	return fake_count_allocation(create(handle, bytes, property, flags));
}

static CUresult release(CUmemGenericAllocationHandle handle)
{
	struct physical *physical;

	ENTER_CONTEXT(MemRelease);
	pthread_mutex_lock(&lock);
	physical = physical_of(handle);
	if (physical) {
		physical->released = true;
		drop(physical);
	}
	pthread_mutex_unlock(&lock);
	return physical ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
	return fake_count_free(release(handle));
}

static CUresult map(CUdeviceptr pointer, size_t bytes, size_t offset, struct physical *physical)
{
	struct mapping *mapping;
	CUresult error;

	if (!physical || !bytes || bytes % GRANULARITY || pointer % GRANULARITY ||
	    bytes > physical->bytes || offset > physical->bytes - bytes)
		return CUDA_ERROR_INVALID_VALUE;
	for (mapping = mappings; mapping; mapping = mapping->next)
		if (pointer < mapping->pointer + mapping->bytes &&
		    mapping->pointer < pointer + bytes)
			return CUDA_ERROR_INVALID_VALUE;
	if (!count_mapping(pointer, bytes, 1))
		return CUDA_ERROR_INVALID_VALUE;
	mapping = calloc(1, sizeof(*mapping));
	error = mapping ? fake_map(pointer, bytes, fake_arena_file(),
				   fake_arena_offset(physical->memory) + offset)
			: CUDA_ERROR_OUT_OF_MEMORY;
	if (error) {
		count_mapping(pointer, bytes, -1);
		free(mapping);
		return error;
	}
	*mapping = (struct mapping){mappings, physical, pointer, bytes};
	mappings = mapping;
	physical->mappings++;
	return CUDA_SUCCESS;
}

CUresult cuMemMap(CUdeviceptr pointer, size_t bytes, size_t offset,
		  CUmemGenericAllocationHandle handle, unsigned long long flags)
{
	CUresult error;

	ENTER_CONTEXT(MemMap);
	if (flags)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	error = map(pointer, bytes, offset, physical_of(handle));
	pthread_mutex_unlock(&lock);
	return error;
}

/* All mappings within. */
CUresult cuMemUnmap(CUdeviceptr pointer, size_t bytes)
{
	CUresult error = CUDA_ERROR_INVALID_VALUE;

	ENTER_CONTEXT(MemUnmap);
	pthread_mutex_lock(&lock);
	for (struct mapping **at = &mappings; *at;) {
		struct mapping *mapping = *at;

		if (mapping->pointer < pointer ||
		    mapping->pointer + mapping->bytes > pointer + bytes) {
			at = &mapping->next;
			continue;
		}
		error = fake_map(mapping->pointer, mapping->bytes, -1, 0);
		count_mapping(mapping->pointer, mapping->bytes, -1);
		mapping->physical->mappings--;
		drop(mapping->physical);
		*at = mapping->next;
		free(mapping);
	}
	pthread_mutex_unlock(&lock);
	return error;
}

CUresult cuMemSetAccess(CUdeviceptr pointer, size_t bytes, const CUmemAccessDesc *access,
			size_t count)
{
	ENTER_CONTEXT(MemSetAccess);
	if (count != 1 || access->flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
		return CUDA_ERROR_INVALID_VALUE;
	return fake_memory(pointer, bytes) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
