// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls that the suite does not make, but that a limiter has to do with: other ways to allocate and
 * to launch, and cuGetProcAddress, by which the CUDA runtime finds all of them. A pitch is a
 * multiple of 512 bytes; while fake_capturing is set, every stream is being captured.
 */
#include <stdio.h>

#include "fakecuda.h"

#define PER_THREAD 2
#define PITCH	   512

#pragma GCC visibility push(default)

_Atomic int fake_capturing;

struct fake_config {
	unsigned int grid[3], block[3], shared;
	CUstream stream;
};

CUresult cuGetProcAddress(const char *name, void **function, int version, uint64_t flags);
CUresult cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags,
			     int *status);
CUresult cuCtxGetCurrent(CUcontext *context);
CUresult cuCtxGetCurrent(CUcontext *context)
{
	*context = fake_current;
	return CUDA_SUCCESS;
}

CUresult cuStreamIsCapturing(CUstream stream, int *status);
CUresult cuStreamIsCapturing(CUstream stream, int *status)
{
	(void)stream;
	*status = fake_capturing;
	return CUDA_SUCCESS;
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
			    unsigned int element);
CUresult cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
			    unsigned int element)
{
	(void)element;
	*pitch = (width + PITCH - 1) / PITCH * PITCH;
	return cuMemAlloc_v2(pointer, *pitch * height);
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes, void *pool, CUstream stream);
CUresult cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes, void *pool, CUstream stream)
{
	(void)pool;
	return cuMemAllocAsync(pointer, bytes, stream);
}

CUresult cuCtxCreate_v3(CUcontext *context, void *affinity, int count, unsigned int flags,
			CUdevice device);
CUresult cuCtxCreate_v3(CUcontext *context, void *affinity, int count, unsigned int flags,
			CUdevice device)
{
	(void)affinity;
	(void)count;
	return cuCtxCreate_v2(context, flags, device);
}

CUresult cuCtxCreate_v4(CUcontext *context, void *parameters, unsigned int flags, CUdevice device);
CUresult cuCtxCreate_v4(CUcontext *context, void *parameters, unsigned int flags, CUdevice device)
{
	(void)parameters;
	return cuCtxCreate_v2(context, flags, device);
}

/* A pool is a name alone: its memory is the arena's. */
CUresult cuDeviceGetDefaultMemPool(void **pool, CUdevice device);
CUresult cuDeviceGetDefaultMemPool(void **pool, CUdevice device)
{
	static char pools[FAKE_DEVICES_MOST];

	if (device < 0 || device >= fake_devices)
		return CUDA_ERROR_INVALID_DEVICE;
	*pool = &pools[device];
	return CUDA_SUCCESS;
}

CUresult cuMemGetMemPool(void **pool, const CUmemLocation *location, int type);
CUresult cuMemGetMemPool(void **pool, const CUmemLocation *location, int type)
{
	(void)type;
	return cuDeviceGetDefaultMemPool(pool, location->id);
}

/* Its properties begin as those of cuMemCreate do. */
CUresult cuMemPoolCreate(void **pool, const CUmemAllocationProp *property);
CUresult cuMemPoolCreate(void **pool, const CUmemAllocationProp *property)
{
	static char pools[FAKE_DEVICES_MOST];

	if (property->location.id < 0 || property->location.id >= fake_devices)
		return CUDA_ERROR_INVALID_DEVICE;
	*pool = &pools[property->location.id];
	return CUDA_SUCCESS;
}

CUresult cuMemAllocAsync_ptsz(CUdeviceptr *pointer, size_t bytes, CUstream stream);
CUresult cuMemAllocAsync_ptsz(CUdeviceptr *pointer, size_t bytes, CUstream stream)
{
	return cuMemAllocAsync(pointer, bytes, stream);
}

CUresult cuMemFreeAsync_ptsz(CUdeviceptr pointer, CUstream stream);
CUresult cuMemFreeAsync_ptsz(CUdeviceptr pointer, CUstream stream)
{
	return cuMemFreeAsync(pointer, stream);
}

CUresult cuLaunchKernel_ptsz(CUfunction function, unsigned int grid_x, unsigned int grid_y,
			     unsigned int grid_z, unsigned int block_x, unsigned int block_y,
			     unsigned int block_z, unsigned int shared, CUstream stream,
			     void **parameters, void **extra);
CUresult cuLaunchKernel_ptsz(CUfunction function, unsigned int grid_x, unsigned int grid_y,
			     unsigned int grid_z, unsigned int block_x, unsigned int block_y,
			     unsigned int block_z, unsigned int shared, CUstream stream,
			     void **parameters, void **extra)
{
	return cuLaunchKernel(function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared,
			      stream, parameters, extra);
}

CUresult cuLaunchKernelEx(const struct fake_config *config, CUfunction function, void **parameters,
			  void **extra);
CUresult cuLaunchKernelEx(const struct fake_config *config, CUfunction function, void **parameters,
			  void **extra)
{
	return cuLaunchKernel(function, config->grid[0], config->grid[1], config->grid[2],
			      config->block[0], config->block[1], config->block[2], config->shared,
			      config->stream, parameters, extra);
}

static const struct {
	const char *symbol;
	void *function;
} functions[] = {
#define CUDA(name, symbol, arguments) {#symbol, (void *)symbol},
#include "../../driver.def"
#undef CUDA
#define BEYOND(symbol)                                                                             \
	{                                                                                          \
#symbol, (void *)symbol                                                            \
	}
	BEYOND(cuGetProcAddress),
	BEYOND(cuGetProcAddress_v2),
	BEYOND(cuCtxGetCurrent),
	BEYOND(cuStreamIsCapturing),
	BEYOND(cuMemAllocPitch_v2),
	BEYOND(cuMemAllocFromPoolAsync),
	BEYOND(cuMemAllocAsync_ptsz),
	BEYOND(cuMemFreeAsync_ptsz),
	BEYOND(cuLaunchKernel_ptsz),
	BEYOND(cuLaunchKernelEx),
	BEYOND(cuCtxCreate_v3),
	BEYOND(cuCtxCreate_v4),
	BEYOND(cuMemPoolCreate),
	BEYOND(cuMemGetMemPool),
	BEYOND(cuDeviceGetDefaultMemPool),
#undef BEYOND
};

/* Not by dlsym(), which a limiter answers. */
static void *function_of(const char *name, const char *suffix)
{
	char symbol[128];

	snprintf(symbol, sizeof(symbol), "%s%s", name, suffix);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!strcmp(functions[i].symbol, symbol))
			return functions[i].function;
	return NULL;
}

static CUresult find(const char *name, void **function, uint64_t flags)
{
	*function = flags & PER_THREAD ? function_of(name, "_ptsz") : NULL;
	if (!*function)
		*function = function_of(name, "_v2") ?: function_of(name, "");
	return *function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cuGetProcAddress(const char *name, void **function, int version, uint64_t flags)
{
	(void)version;
	return find(name, function, flags);
}

CUresult cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags,
			     int *status)
{
	(void)version;
	if (status)
		*status = 0;
	return find(name, function, flags);
}

#pragma GCC visibility pop
