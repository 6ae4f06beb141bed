// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The memory limit: what a process asks for is reserved before the driver is asked, so that threads
 * together never pass the limit, and given back after the driver has freed it.
 */
#include <pthread.h>
#include <search.h>
#include <stdlib.h>

#include "hooks.h"

enum kind { POINTER, HANDLE, MAPPING };

/* An allocation, by its address or its handle; or what a handle is mapped to. */
struct allocation {
	enum kind kind;
	uint64_t key;
	uint64_t bytes;
	CUcontext context;	   /* that it ends with; NULL: with none */
	struct allocation *mapped; /* MAPPING: the handle's */
	unsigned int holds;	 /* HANDLE: references and mappings; it lives until there is none */
	struct allocation *next; /* while they are gathered */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *entries; /* tree of struct allocation */
static uint64_t used;

static int compare(const void *a, const void *b)
{
	const struct allocation *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

static struct allocation *find(enum kind kind, uint64_t key)
{
	const struct allocation wanted = {.kind = kind, .key = key};
	struct allocation **found = tfind(&wanted, &entries, compare);

	return found ? *found : NULL;
}

static bool reserve(uint64_t bytes)
{
	uint64_t limit = limits_memory();
	bool fits;

	pthread_mutex_lock(&mutex);
	fits = used <= limit && bytes <= limit - used;
	used += fits ? bytes : 0;
	pthread_mutex_unlock(&mutex);
	return fits;
}

static void give_back(uint64_t bytes)
{
	pthread_mutex_lock(&mutex);
	used -= bytes;
	pthread_mutex_unlock(&mutex);
}

/* Where there is no memory for the entry, its bytes stay reserved: the limit holds all the same. */
static void insert(struct allocation value)
{
	struct allocation *entry = malloc(sizeof(*entry)), **place;

	if (!entry)
		return;
	*entry = value;
	place = tsearch(entry, &entries, compare);
	if (!place || *place != entry)
		free(entry);
}

/* What came of an allocation for which bytes were reserved. */
static CUresult settle(CUresult error, enum kind kind, const unsigned long long *key,
		       uint64_t bytes, bool of_context)
{
	struct allocation entry = {.kind = kind, .bytes = bytes, .holds = 1};

	if (error) {
		give_back(bytes);
		return error;
	}
	if (of_context)
		real.CtxGetCurrent(&entry.context);
	entry.key = *key;
	pthread_mutex_lock(&mutex);
	insert(entry);
	pthread_mutex_unlock(&mutex);
	return error;
}

#define ALLOCATE(name, symbol, kind, key, of_context, parameters, arguments)                       \
	CUresult symbol parameters                                                                 \
	{                                                                                          \
		ENTER(name);                                                                       \
		if (!limits_memory())                                                              \
			return real.name arguments;                                                \
		if (!reserve(bytes))                                                               \
			return CUDA_ERROR_OUT_OF_MEMORY;                                           \
		return settle(real.name arguments, kind, key, bytes, of_context);                  \
	}

ALLOCATE(MemAlloc, cuMemAlloc_v2, POINTER, pointer, true, (CUdeviceptr * pointer, size_t bytes),
	 (pointer, bytes))
ALLOCATE(MemAllocManaged, cuMemAllocManaged, POINTER, pointer, true,
	 (CUdeviceptr * pointer, size_t bytes, unsigned int flags), (pointer, bytes, flags))
ALLOCATE(MemAllocAsync, cuMemAllocAsync, POINTER, pointer, false,
	 (CUdeviceptr * pointer, size_t bytes, CUstream stream), (pointer, bytes, stream))
ALLOCATE(MemAllocAsyncThread, cuMemAllocAsync_ptsz, POINTER, pointer, false,
	 (CUdeviceptr * pointer, size_t bytes, CUstream stream), (pointer, bytes, stream))
ALLOCATE(MemAllocFromPool, cuMemAllocFromPoolAsync, POINTER, pointer, false,
	 (CUdeviceptr * pointer, size_t bytes, CUmemoryPool pool, CUstream stream),
	 (pointer, bytes, pool, stream))
ALLOCATE(MemAllocFromPoolThread, cuMemAllocFromPoolAsync_ptsz, POINTER, pointer, false,
	 (CUdeviceptr * pointer, size_t bytes, CUmemoryPool pool, CUstream stream),
	 (pointer, bytes, pool, stream))

/* Memory of the host can be created in this way, too: it is not limited. */
CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
		     const CUmemAllocationProp *property, unsigned long long flags)
{
	ENTER(MemCreate);
	if (!limits_memory() || !property || property->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
		return real.MemCreate(handle, bytes, property, flags);
	if (!reserve(bytes))
		return CUDA_ERROR_OUT_OF_MEMORY;
	return settle(real.MemCreate(handle, bytes, property, flags), HANDLE, handle, bytes, false);
}

/* The driver decides on the pitch, so that what it takes is known afterwards. */
CUresult cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
			    unsigned int element)
{
	uint64_t asked, bytes;
	CUresult error;

	ENTER(MemAllocPitch);
	if (!limits_memory())
		return real.MemAllocPitch(pointer, pitch, width, height, element);
	if (__builtin_mul_overflow(width, height, &asked) || !reserve(asked))
		return CUDA_ERROR_OUT_OF_MEMORY;
	error = real.MemAllocPitch(pointer, pitch, width, height, element);
	bytes = error ? asked : (uint64_t)*pitch * height;
	if (!error && bytes > asked && !reserve(bytes - asked)) {
		real.MemFree(*pointer);
		give_back(asked);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	return settle(error, POINTER, pointer, bytes, true);
}

/* Takes an entry out; NULL: the limiter does not know it. */
static struct allocation *take(enum kind kind, uint64_t key)
{
	struct allocation *entry;

	pthread_mutex_lock(&mutex);
	entry = find(kind, key);
	if (entry)
		tdelete(entry, &entries, compare);
	pthread_mutex_unlock(&mutex);
	return entry;
}

/*
 * What came of freeing what was taken out. It is taken out before the driver is asked, since
 * another thread may get the same address as soon as the driver has freed it.
 */
static CUresult freed(CUresult error, struct allocation *entry)
{
	if (!entry)
		return error;
	pthread_mutex_lock(&mutex);
	if (error)
		insert(*entry);
	else
		used -= entry->bytes;
	pthread_mutex_unlock(&mutex);
	free(entry);
	return error;
}

#define FREE(name, symbol, parameters, arguments)                                                  \
	CUresult symbol parameters                                                                 \
	{                                                                                          \
		struct allocation *entry;                                                          \
                                                                                                   \
		ENTER(name);                                                                       \
		entry = limits_memory() ? take(POINTER, pointer) : NULL;                           \
		return freed(real.name arguments, entry);                                          \
	}

FREE(MemFree, cuMemFree_v2, (CUdeviceptr pointer), (pointer))
FREE(MemFreeAsync, cuMemFreeAsync, (CUdeviceptr pointer, CUstream stream), (pointer, stream))
FREE(MemFreeAsyncThread, cuMemFreeAsync_ptsz, (CUdeviceptr pointer, CUstream stream),
     (pointer, stream))

/* One reference or mapping less; the last gives the memory back. Takes the lock. */
static void let_go(struct allocation *entry)
{
	if (--entry->holds)
		return;
	tdelete(entry, &entries, compare);
	used -= entry->bytes;
	free(entry);
}

/* Memory that is still mapped outlives its handle. */
CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
	struct allocation *entry;
	CUresult error;

	ENTER(MemRelease);
	if (!limits_memory())
		return real.MemRelease(handle);
	pthread_mutex_lock(&mutex);
	error = real.MemRelease(handle);
	entry = error ? NULL : find(HANDLE, handle);
	if (entry)
		let_go(entry);
	pthread_mutex_unlock(&mutex);
	return error;
}

CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *address)
{
	struct allocation *entry;
	CUresult error;

	ENTER(MemRetain);
	if (!limits_memory())
		return real.MemRetain(handle, address);
	pthread_mutex_lock(&mutex);
	error = real.MemRetain(handle, address);
	entry = error ? NULL : find(HANDLE, *handle);
	if (entry)
		entry->holds++;
	pthread_mutex_unlock(&mutex);
	return error;
}

CUresult cuMemMap(CUdeviceptr pointer, size_t bytes, size_t offset,
		  CUmemGenericAllocationHandle handle, unsigned long long flags)
{
	struct allocation *entry;
	CUresult error;

	ENTER(MemMap);
	if (!limits_memory())
		return real.MemMap(pointer, bytes, offset, handle, flags);
	pthread_mutex_lock(&mutex);
	error = real.MemMap(pointer, bytes, offset, handle, flags);
	entry = error ? NULL : find(HANDLE, handle);
	if (entry) {
		entry->holds++;
		insert((struct allocation){
			.kind = MAPPING, .key = pointer, .bytes = bytes, .mapped = entry});
	}
	pthread_mutex_unlock(&mutex);
	return error;
}

/* One call may undo several mappings, each of them whole. */
CUresult cuMemUnmap(CUdeviceptr pointer, size_t bytes)
{
	CUdeviceptr end = pointer + bytes;
	struct allocation *mapping;
	CUresult error;

	ENTER(MemUnmap);
	if (!limits_memory())
		return real.MemUnmap(pointer, bytes);
	pthread_mutex_lock(&mutex);
	error = real.MemUnmap(pointer, bytes);
	while (!error && pointer < end && (mapping = find(MAPPING, pointer))) {
		tdelete(mapping, &entries, compare);
		let_go(mapping->mapped);
		pointer += mapping->bytes;
		free(mapping);
	}
	pthread_mutex_unlock(&mutex);
	return error;
}

CUresult cuMemGetInfo_v2(size_t *available, size_t *total)
{
	uint64_t limit, left;
	CUresult error;

	ENTER(MemGetInfo);
	error = real.MemGetInfo(available, total);
	limit = limits_memory();
	if (error || !limit)
		return error;
	pthread_mutex_lock(&mutex);
	left = limit > used ? limit - used : 0;
	pthread_mutex_unlock(&mutex);
	*available = *available < left ? *available : left;
	*total = *total < limit ? *total : limit;
	return error;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	uint64_t limit;
	CUresult error;

	ENTER(DeviceTotalMem);
	error = real.DeviceTotalMem(bytes, device);
	limit = limits_memory();
	if (!error && limit && *bytes > limit)
		*bytes = limit;
	return error;
}

struct gathered {
	CUcontext context;
	struct allocation *first;
};

static void gather(const void *node, VISIT visit, void *closure)
{
	struct allocation *entry = *(struct allocation *const *)node;
	struct gathered *gathered = closure;

	if ((visit == postorder || visit == leaf) && entry->context == gathered->context) {
		entry->next = gathered->first;
		gathered->first = entry;
	}
}

/* A context takes its memory with it. */
CUresult cuCtxDestroy_v2(CUcontext context)
{
	struct gathered gathered = {context, NULL};
	CUresult error;

	ENTER(CtxDestroy);
	share_forget(context);
	error = real.CtxDestroy(context);
	if (error || !context)
		return error;
	pthread_mutex_lock(&mutex);
	twalk_r(entries, gather, &gathered);
	while (gathered.first) {
		struct allocation *entry = gathered.first;

		gathered.first = entry->next;
		tdelete(entry, &entries, compare);
		used -= entry->bytes;
		free(entry);
	}
	pthread_mutex_unlock(&mutex);
	return error;
}
