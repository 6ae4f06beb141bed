// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Allocations, and memory that is handed to other processes. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fakecuda.h"

CUresult cuMemGetInfo_v2(size_t *available, size_t *total)
{
	ENTER_CONTEXT(MemGetInfo);
	*available = fake_free_bytes();
	*total = FAKE_DEVICE_BYTES;
	return CUDA_SUCCESS;
}

static CUresult enter(enum fake_place place)
{
	int fault = __builtin_expect(fake_faults, 0) ? fake_fault(place) : 0;

	if (fault > 0)
		return fault;
	return fake_current ? fake_current->broken : CUDA_ERROR_INVALID_CONTEXT;
}

static CUresult allocate(enum fake_place place, enum fake_kind kind, size_t bytes,
			 CUdeviceptr *pointer)
{
	CUresult error = enter(place) ?: fake_take(kind, bytes, pointer);

	if (error == CUDA_ERROR_OUT_OF_MEMORY)
		fake_refused();
	return fake_count_allocation(error);
}

CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes)
{
	return allocate(PLACE_MemAlloc, KIND_DEVICE, bytes, pointer);
}

CUresult fake_give_any(CUdeviceptr pointer)
{
	if (fake_give(KIND_DEVICE, pointer) && fake_give(KIND_POOL, pointer))
		return fake_give(KIND_MANAGED, pointer);
	return CUDA_SUCCESS;
}

static CUresult free_device(CUdeviceptr pointer)
{
	int fault = FAULT(MemFree);
	CUresult error;

	if (fault > 0)
		return fault;
	if (!fake_current)
		return CUDA_ERROR_INVALID_CONTEXT;
	/* It may still be in use by what was launched before. */
	error = fake_drain(fake_current);
	if (error || fault == FAULT_LEAK)
		return error;
	return pointer ? fake_give_any(pointer) : CUDA_SUCCESS;
}

CUresult cuMemFree_v2(CUdeviceptr pointer)
{
	return fake_count_free(free_device(pointer));
}

CUresult cuMemAllocManaged(CUdeviceptr *pointer, size_t bytes, unsigned int flags)
{
	if (!flags)
		return fake_count_allocation(CUDA_ERROR_INVALID_VALUE);
	return allocate(PLACE_MemAllocManaged, KIND_MANAGED, bytes, pointer);
}

CUresult cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream stream)
{
	(void)stream;
	return allocate(PLACE_MemAllocAsync, KIND_POOL, bytes, pointer);
}

CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned int flags)
{
	(void)flags;
	return allocate(PLACE_MemHostAlloc, KIND_HOST, bytes, (CUdeviceptr *)pointer);
}

CUresult cuMemFreeHost(void *pointer)
{
	CUresult error = enter(PLACE_MemFreeHost) ?: fake_drain(fake_current);

	return fake_count_free(error ?: fake_give(KIND_HOST, (CUdeviceptr)pointer));
}

/* What an IPC handle holds: whose file, and where in it. */
struct ipc {
	int process, fd;
	uint64_t offset, bytes;
};

_Static_assert(sizeof(struct ipc) <= sizeof(CUipcMemHandle), "a handle holds it");

CUresult cuIpcGetMemHandle(CUipcMemHandle *handle, CUdeviceptr pointer)
{
	struct ipc ipc = {.process = getpid(), .fd = fake_arena_file()};
	struct fake_block *block;
	CUdeviceptr start;

	ENTER_CONTEXT(IpcGetMemHandle);
	pthread_mutex_lock(&fake_memory_lock);
	block = fake_find(pointer, &start);
	if (block && block->kind == KIND_DEVICE) {
		ipc.offset = fake_arena_offset(start);
		ipc.bytes = block->size;
	}
	pthread_mutex_unlock(&fake_memory_lock);
	if (!ipc.bytes)
		return CUDA_ERROR_INVALID_VALUE;
	memset(handle, 0, sizeof(*handle));
	memcpy(handle, &ipc, sizeof(ipc));
	return CUDA_SUCCESS;
}

/* The driver does not open what the process itself has exported either. */
CUresult cuIpcOpenMemHandle_v2(CUdeviceptr *pointer, CUipcMemHandle handle, unsigned int flags)
{
	CUresult error;
	struct ipc ipc;
	char path[64];
	int fd;

	ENTER_CONTEXT(IpcOpenMemHandle);
	memcpy(&ipc, &handle, sizeof(ipc));
	if (flags != CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS || !ipc.bytes)
		return CUDA_ERROR_INVALID_VALUE;
	if (ipc.process == getpid())
		return CUDA_ERROR_INVALID_CONTEXT;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", ipc.process, ipc.fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return CUDA_ERROR_INVALID_VALUE;
	/* Whole pages, though the neighbours come along. */
	error = fake_take(KIND_IPC, ipc.bytes + ipc.offset % 4096, pointer);
	if (!error) {
		error = fake_map(*pointer, ipc.bytes + ipc.offset % 4096, fd,
				 ipc.offset - ipc.offset % 4096);
		if (error)
			fake_give(KIND_IPC, *pointer);
	}
	*pointer += ipc.offset % 4096;
	close(fd);
	return error;
}

CUresult cuIpcCloseMemHandle(CUdeviceptr pointer)
{
	struct fake_block *block;
	CUdeviceptr start;
	CUresult error;

	ENTER_CONTEXT(IpcCloseMemHandle);
	error = fake_drain(fake_current);
	if (error)
		return error;
	pthread_mutex_lock(&fake_memory_lock);
	block = fake_find(pointer, &start);
	error = !block || block->kind != KIND_IPC ? CUDA_ERROR_INVALID_VALUE
						  : fake_map(start, block->size, -1, 0);
	pthread_mutex_unlock(&fake_memory_lock);
	return error ? error : fake_give(KIND_IPC, start);
}
