// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a device does: launches, copies, fills; and what the host waits for with the latter two. */
#include <stdio.h>
#include <stdlib.h>

#include "stream.h"

const void *fake_argument(const struct fake_launch *launch, unsigned int i, size_t size)
{
	if (i >= FAKE_PARAMETERS || launch->kernel->sizes[i] != size) {
		fprintf(stderr, "fakecuda: parameter %u of %s is not of %zu bytes\n", i,
			launch->kernel->name, size);
		abort();
	}
	return &launch->arguments[i];
}

static CUresult run_launch(struct fake_work *work)
{
	int fault = FAULT(Kernel);

	fake_rest();
	return fault > 0 ? fault : work->launch.kernel->run(&work->launch);
}

CUresult cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
			unsigned int grid_z, unsigned int block_x, unsigned int block_y,
			unsigned int block_z, unsigned int shared, CUstream stream,
			void **parameters, void **extra)
{
	struct fake_work work = {
		.run = run_launch,
		.launch = {.kernel = (const struct fake_kernel *)function,
			   .grid = {grid_x, grid_y, grid_z},
			   .block = {block_x, block_y, block_z},
			   .shared = shared},
	};
	uint64_t threads = (uint64_t)block_x * block_y * block_z;

	ENTER_CONTEXT(LaunchKernel);
	if (!function || extra || !grid_x || !grid_y || !grid_z || !threads || threads > 1024)
		return CUDA_ERROR_INVALID_VALUE;
	for (int i = 0; i < FAKE_PARAMETERS && work.launch.kernel->sizes[i]; i++) {
		if (!parameters)
			return CUDA_ERROR_INVALID_VALUE;
		memcpy(&work.launch.arguments[i], parameters[i], work.launch.kernel->sizes[i]);
	}
	return fake_put(stream, &work);
}

CUresult fake_copy(void *to, const void *from, size_t bytes)
{
	int fault = FAULT(Copy);

	if (fault > 0)
		return fault;
	if (fault == FAULT_LOSE)
		return CUDA_SUCCESS;
	memcpy(to, from, bytes);
	if (fault == FAULT_CORRUPT)
		((unsigned char *)to)[bytes / 2]++; /* not what a second copy would undo */
	return CUDA_SUCCESS;
}

static CUresult run_copy(struct fake_work *work)
{
	return fake_copy(work->copy.to, work->copy.from, work->copy.bytes);
}

static CUresult copy_later(void *to, const void *from, size_t bytes, CUstream stream)
{
	if (!to || !from)
		return CUDA_ERROR_INVALID_VALUE;
	if (!bytes)
		return CUDA_SUCCESS;
	return fake_put(stream,
			&(struct fake_work){.run = run_copy,
					    .copy = {.to = to, .from = from, .bytes = bytes}});
}

/* A copy for which the host waits. */
static CUresult copy_now(void *to, const void *from, size_t bytes)
{
	CUresult error = copy_later(to, from, bytes, NULL);

	return error ? error : fake_drain_default(fake_current);
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes)
{
	ENTER_CONTEXT(MemcpyHtoD);
	return copy_now(fake_memory(to, bytes), from, bytes);
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes)
{
	ENTER_CONTEXT(MemcpyDtoH);
	return copy_now(to, fake_memory(from, bytes), bytes);
}

/* Of memory that is not pinned, the driver makes a copy first, so that the host has to wait. */
static CUresult copy_async(void *to, const void *from, const void *host, size_t bytes,
			   CUstream stream)
{
	CUresult error = copy_later(to, from, bytes, stream);

	if (error || fake_memory((CUdeviceptr)host, bytes))
		return error;
	return cuStreamSynchronize(stream);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
	ENTER_CONTEXT(MemcpyHtoDAsync);
	return copy_async(fake_memory(to, bytes), from, from, bytes, stream);
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
	ENTER_CONTEXT(MemcpyDtoHAsync);
	return copy_async(to, fake_memory(from, bytes), to, bytes, stream);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
	ENTER_CONTEXT(MemcpyDtoDAsync);
	return copy_later(fake_memory(to, bytes), fake_memory(from, bytes), bytes, stream);
}

static CUresult run_set(struct fake_work *work)
{
	if (work->set.width == 1) {
		memset(work->set.to, (int)work->set.value, work->set.count);
		return CUDA_SUCCESS;
	}
	for (size_t i = 0; i < work->set.count; i++)
		((uint32_t *)work->set.to)[i] = work->set.value;
	return CUDA_SUCCESS;
}

static CUresult set(CUdeviceptr to, uint32_t value, size_t width, size_t count, CUstream stream)
{
	struct fake_work work = {.run = run_set,
				 .set = {.to = fake_memory(to, width * count),
					 .value = value,
					 .width = width,
					 .count = count}};

	if (!work.set.to || to % width)
		return CUDA_ERROR_INVALID_VALUE;
	return fake_put(stream, &work);
}

CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count)
{
	CUresult error;

	ENTER_CONTEXT(MemsetD8);
	error = set(to, value, 1, count, NULL);
	return error ? error : fake_drain_default(fake_current);
}

CUresult cuMemsetD32Async(CUdeviceptr to, unsigned int value, size_t count, CUstream stream)
{
	ENTER_CONTEXT(MemsetD32Async);
	return set(to, value, 4, count, stream);
}

static CUresult run_free(struct fake_work *work)
{
	fake_give_any(work->pointer);
	return CUDA_SUCCESS;
}

static CUresult free_later(CUdeviceptr pointer, CUstream stream)
{
	ENTER_CONTEXT(MemFreeAsync);
	if (!fake_memory(pointer, 1))
		return CUDA_ERROR_INVALID_VALUE;
	return fake_put(stream, &(struct fake_work){.run = run_free, .pointer = pointer});
}

CUresult cuMemFreeAsync(CUdeviceptr pointer, CUstream stream)
{
	return fake_count_free(free_later(pointer, stream));
}
