// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Contexts: those that are made, the one of a device that all of a process shares, and which is
 * current to a thread.
 */
#include <stdlib.h>

#include "fakecuda.h"

#define STACK_MOST 64

__thread CUcontext fake_current;

/* Those below the current one. */
static __thread CUcontext below[STACK_MOST];
static __thread int depth;

static struct {
	struct CUctx_st context;
	int retained;
} primary[FAKE_DEVICES_MOST];
static pthread_mutex_t primary_lock = PTHREAD_MUTEX_INITIALIZER;

static CUresult push(CUcontext context)
{
	if (depth == STACK_MOST)
		return CUDA_ERROR_OUT_OF_MEMORY;
	below[depth++] = fake_current;
	fake_current = context;
	return CUDA_SUCCESS;
}

static void pop(void)
{
	fake_current = depth ? below[--depth] : NULL;
}

/* All that it has, but not itself. */
static void empty(CUcontext context)
{
	fake_end_streams(context);
	fake_give_all(context);
	context->broken = CUDA_SUCCESS;
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device)
{
	CUresult error;

	ENTER_DEVICE(CtxCreate, device);
	(void)flags;
	*context = calloc(1, sizeof(**context));
	error = *context ? push(*context) : CUDA_ERROR_OUT_OF_MEMORY;
	if (error)
		free(*context);
	else
		(*context)->device = device;
	return error;
}

CUresult cuCtxDestroy_v2(CUcontext context)
{
	ENTER(CtxDestroy);
	if (!context)
		return CUDA_ERROR_INVALID_CONTEXT;
	for (int device = 0; device < FAKE_DEVICES_MOST; device++)
		if (context == &primary[device].context)
			return CUDA_ERROR_INVALID_CONTEXT;
	empty(context);
	if (fake_current == context)
		pop();
	free(context);
	return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context)
{
	ENTER(CtxSetCurrent);
	if (context)
		fake_current = context;
	else
		pop();
	return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent_v2(CUcontext context)
{
	ENTER(CtxPushCurrent);
	return context ? push(context) : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult cuCtxPopCurrent_v2(CUcontext *context)
{
	ENTER(CtxPopCurrent);
	if (!fake_current)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (context)
		*context = fake_current;
	pop();
	return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
	ENTER_DEVICE(DevicePrimaryCtxRetain, device);
	pthread_mutex_lock(&primary_lock);
	primary[device].retained++;
	primary[device].context.device = device;
	pthread_mutex_unlock(&primary_lock);
	*context = &primary[device].context;
	return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
	int before;

	ENTER_DEVICE(DevicePrimaryCtxRelease, device);
	pthread_mutex_lock(&primary_lock);
	before = primary[device].retained;
	if (before == 1)
		empty(&primary[device].context);
	if (before)
		primary[device].retained--;
	pthread_mutex_unlock(&primary_lock);
	return before ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
	ENTER_DEVICE(DevicePrimaryCtxReset, device);
	pthread_mutex_lock(&primary_lock);
	empty(&primary[device].context);
	pthread_mutex_unlock(&primary_lock);
	return CUDA_SUCCESS;
}
