// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The devices, modules, names of errors. */
#include <stdio.h>
#include <stdlib.h>

#include "fakecuda.h"

int fake_devices;

static const struct {
	CUresult error;
	const char *name;
} errors[] = {
#define ERROR(name)                                                                                \
	{                                                                                          \
		CUDA_##name, "CUDA_" #name                                                         \
	}
	ERROR(SUCCESS),
	ERROR(ERROR_INVALID_VALUE),
	ERROR(ERROR_OUT_OF_MEMORY),
	ERROR(ERROR_NOT_INITIALIZED),
	ERROR(ERROR_STUB_LIBRARY),
	ERROR(ERROR_NO_DEVICE),
	ERROR(ERROR_INVALID_DEVICE),
	ERROR(ERROR_INVALID_IMAGE),
	ERROR(ERROR_INVALID_CONTEXT),
	ERROR(ERROR_NO_BINARY_FOR_GPU),
	ERROR(ERROR_NOT_FOUND),
	ERROR(ERROR_NOT_READY),
	ERROR(ERROR_ILLEGAL_ADDRESS),
	ERROR(ERROR_LAUNCH_FAILED),
	ERROR(ERROR_NOT_SUPPORTED),
	ERROR(ERROR_UNKNOWN),
#undef ERROR
};

/* A small device: what is sized by its cache is quick, no bandwidth of a host is above its peak. */
static const struct {
	int attribute, value;
} attributes[] = {
	{CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 4},
	{CU_DEVICE_ATTRIBUTE_CLOCK_RATE, 1980000},
	{CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, 2000000},
	{CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, 4096},
	{CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 1 << 20},
	{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 9},
	{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0},
	{CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY, 1},
	{CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, 1},
	{CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, 1},
};

CUresult cuInit(unsigned int flags)
{
	const char *devices = getenv("FAKECUDA_DEVICES");

	ENTER(Init);
	if (flags)
		return CUDA_ERROR_INVALID_VALUE;
	fake_devices = devices ? atoi(devices) : 1;
	if (fake_devices > FAKE_DEVICES_MOST)
		fake_devices = FAKE_DEVICES_MOST;
	return fake_devices > 0 ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}

CUresult cuDriverGetVersion(int *version)
{
	ENTER(DriverGetVersion);
	*version = 12040;
	return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char **name)
{
	ENTER(GetErrorName);
	*name = NULL;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].error == error)
			*name = errors[i].name;
	return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetCount(int *count)
{
	ENTER_DEVICE(DeviceGetCount, 0);
	*count = fake_devices;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
	ENTER_DEVICE(DeviceGet, ordinal);
	*device = ordinal;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device)
{
	ENTER_DEVICE(DeviceGetName, device);
	snprintf(name, length, "fake libcuda: no GPU");
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
	ENTER_DEVICE(DeviceGetUuid, device);
	memcpy(uuid->bytes, "fakelibcudanogpu", sizeof(uuid->bytes));
	uuid->bytes[sizeof(uuid->bytes) - 1] += device;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetPCIBusId(char *id, int length, CUdevice device)
{
	ENTER_DEVICE(DeviceGetPCIBusId, device);
	snprintf(id, length, "0000:%02x:00.0", device);
	return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	ENTER_DEVICE(DeviceTotalMem, device);
	*bytes = FAKE_DEVICE_BYTES;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
	ENTER_DEVICE(DeviceGetAttribute, device);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (attributes[i].attribute == attribute) {
			*value = attributes[i].value;
			return CUDA_SUCCESS;
		}
	return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuCtxGetDevice(CUdevice *device)
{
	ENTER_CONTEXT(CtxGetDevice);
	*device = fake_current->device;
	return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize(void)
{
	ENTER_CONTEXT(CtxSynchronize);
	return fake_drain(fake_current);
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
	ENTER_CONTEXT(CtxGetStreamPriorityRange);
	*least = 0;
	*greatest = -5;
	return CUDA_SUCCESS;
}

/* Any image will do: the kernels are in here. */
CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
	ENTER_CONTEXT(ModuleLoadData);
	if (!image)
		return CUDA_ERROR_INVALID_VALUE;
	*module = (CUmodule)fake_current;
	return CUDA_SUCCESS;
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count,
			    CUjit_option *options, void **values)
{
	ENTER_CONTEXT(ModuleLoadDataEx);
	(void)count, (void)options, (void)values;
	return cuModuleLoadData(module, image);
}

CUresult cuModuleUnload(CUmodule module)
{
	ENTER_CONTEXT(ModuleUnload);
	return module == (CUmodule)fake_current ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
	extern const struct fake_kernel __start_fake_kernels[], __stop_fake_kernels[];

	ENTER_CONTEXT(ModuleGetFunction);
	if (!module)
		return CUDA_ERROR_INVALID_VALUE;
	for (const struct fake_kernel *at = __start_fake_kernels; at < __stop_fake_kernels; at++)
		if (!strcmp(at->name, name)) {
			*function = (CUfunction)at;
			return CUDA_SUCCESS;
		}
	return CUDA_ERROR_NOT_FOUND;
}
