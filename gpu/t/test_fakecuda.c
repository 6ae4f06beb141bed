// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The fake libcuda keeps the driver's rules, which what is tested with it relies on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "fakecuda/fakecuda.h"

#define MIB	 (1ull << 20)
#define OK(call) assert_int_equal(call, CUDA_SUCCESS)

static _Atomic bool gate;

/* Waits for the host to open the gate, so that what must not be done yet is seen not to be. */
FAKE_KERNEL(test_wait)
{
	while (!gate)
		usleep(100);
	return CUDA_SUCCESS;
}

FAKE_KERNEL(test_store, 8, 4)
{
	uint32_t *to = fake_memory(ARGUMENT(0, CUdeviceptr), sizeof(*to));

	if (!to)
		return CUDA_ERROR_ILLEGAL_ADDRESS;
	*to = ARGUMENT(1, uint32_t);
	return CUDA_SUCCESS;
}

static CUcontext context;
static CUmodule module;

static int begin(void **state)
{
	(void)state;
	gate = false;
	OK(cuInit(0));
	OK(cuCtxCreate_v2(&context, 0, 0));
	OK(cuModuleLoadData(&module, ""));
	return 0;
}

static int end(void **state)
{
	(void)state;
	gate = true;
	OK(cuCtxDestroy_v2(context));
	return 0;
}

static CUresult launch(const char *name, CUstream stream, void **parameters)
{
	CUfunction function;

	OK(cuModuleGetFunction(&function, module, name));
	return cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, parameters, NULL);
}

static CUresult store(CUstream stream, CUdeviceptr to, uint32_t value)
{
	return launch("test_store", stream, (void *[]){&to, &value});
}

static CUstream stream(void)
{
	CUstream stream;

	OK(cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, 0));
	return stream;
}

static size_t free_bytes(void)
{
	size_t available, total;

	OK(cuMemGetInfo_v2(&available, &total));
	assert_int_equal(total, FAKE_DEVICE_BYTES);
	return available;
}

static void memory_is_counted_and_ends(void **state)
{
	CUdeviceptr all[2048], one;
	size_t count = 0;

	(void)state;
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES);
	assert_int_equal(cuMemAlloc_v2(&one, 0), CUDA_ERROR_INVALID_VALUE);
	assert_int_equal(cuMemAlloc_v2(&one, FAKE_DEVICE_BYTES + 1), CUDA_ERROR_OUT_OF_MEMORY);
	OK(cuMemAlloc_v2(&one, FAKE_DEVICE_BYTES));
	assert_int_equal(free_bytes(), 0);
	OK(cuMemFree_v2(one));
	while (!cuMemAlloc_v2(&all[count], 3 * MIB))
		count++;
	assert_int_equal(count, FAKE_DEVICE_BYTES / (3 * MIB));
	for (size_t i = 0; i < count; i++)
		OK(cuMemFree_v2(all[i]));
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES);
	OK(cuMemAlloc_v2(&one, FAKE_DEVICE_BYTES));
	assert_int_equal(cuMemFree_v2(one + 512), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemFree_v2(one));
	assert_int_equal(cuMemFree_v2(one), CUDA_ERROR_INVALID_VALUE);
}

static int random_below(unsigned int *seed, int below)
{
	*seed = *seed * 1103515245 + 12345;
	return (int)(*seed >> 16) % below;
}

/* Blocks that overlapped would overwrite each other's mark. */
static void blocks_do_not_overlap(void **state)
{
	static struct {
		CUdeviceptr pointer;
		size_t size;
		uint32_t mark;
	} live[200];
	unsigned int seed = 1;

	(void)state;
	for (uint32_t step = 0; step < 20000; step++) {
		int i = random_below(&seed, 200);

		if (live[i].pointer) {
			char *at = fake_memory(live[i].pointer, live[i].size);

			assert_non_null(at);
			assert_memory_equal(at, &live[i].mark, 4);
			assert_memory_equal(at + live[i].size - 4, &live[i].mark, 4);
			OK(cuMemFree_v2(live[i].pointer));
			live[i].pointer = 0;
			continue;
		}
		live[i].size = 8 + random_below(&seed, 5000);
		live[i].mark = step;
		OK(cuMemAlloc_v2(&live[i].pointer, live[i].size));
		memcpy(fake_memory(live[i].pointer, 4), &step, 4);
		memcpy(fake_memory(live[i].pointer + live[i].size - 4, 4), &step, 4);
	}
}

static void pointers_of_nobody_are_refused(void **state)
{
	CUdeviceptr pointer;
	uint32_t word;
	void *host;

	(void)state;
	OK(cuMemAlloc_v2(&pointer, 100));
	OK(cuMemHostAlloc(&host, 100, 0));
	OK(cuMemcpyDtoH_v2(&word, pointer + 96, 4));
	assert_int_equal(cuMemcpyDtoH_v2(&word, pointer + 97, 4), CUDA_ERROR_INVALID_VALUE);
	assert_int_equal(cuMemcpyDtoH_v2(&word, pointer + MIB, 4), CUDA_ERROR_INVALID_VALUE);
	assert_int_equal(cuMemcpyHtoD_v2((CUdeviceptr)(uintptr_t)&word, &word, 4),
			 CUDA_ERROR_INVALID_VALUE);
	assert_int_equal(cuMemFree_v2((CUdeviceptr)(uintptr_t)host), CUDA_ERROR_INVALID_VALUE);
	assert_int_equal(cuMemFreeHost((void *)(uintptr_t)pointer), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemFreeHost(host));
}

static void streams_are_in_order_and_apart(void **state)
{
	CUstream slow = stream(), quick = stream();
	CUdeviceptr word;
	uint32_t value;

	(void)state;
	OK(cuMemAlloc_v2(&word, 8));
	OK(cuMemsetD8_v2(word, 0, 8));
	OK(launch("test_wait", slow, NULL));
	OK(store(slow, word, 1));
	OK(store(slow, word, 2));
	OK(store(quick, word + 4, 3));
	OK(cuStreamSynchronize(quick));
	assert_int_equal(cuStreamQuery(slow), CUDA_ERROR_NOT_READY);
	assert_int_equal(cuStreamQuery(quick), CUDA_SUCCESS);
	OK(cuMemcpyDtoH_v2(&value, word, 4));
	assert_int_equal(value, 0);
	OK(cuMemcpyDtoH_v2(&value, word + 4, 4));
	assert_int_equal(value, 3);
	gate = true;
	OK(cuStreamSynchronize(slow));
	OK(cuMemcpyDtoH_v2(&value, word, 4));
	assert_int_equal(value, 2);
}

static void events_say_when(void **state)
{
	CUstream first = stream(), second = stream();
	CUevent before, after, untimed;
	CUdeviceptr word;
	uint32_t value;
	float passed;

	(void)state;
	OK(cuEventCreate(&before, CU_EVENT_DEFAULT));
	OK(cuEventCreate(&after, CU_EVENT_DEFAULT));
	OK(cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING));
	OK(cuMemAlloc_v2(&word, 4));
	assert_int_not_equal(cuEventElapsedTime(&passed, before, after), 0);
	OK(cuEventRecord(before, first));
	OK(launch("test_wait", first, NULL));
	OK(store(first, word, 7));
	OK(cuEventRecord(after, first));
	OK(cuEventRecord(untimed, first));
	OK(cuStreamWaitEvent(second, after, 0));
	OK(store(second, word, 8));
	OK(cuEventSynchronize(before));
	assert_int_equal(cuEventQuery(after), CUDA_ERROR_NOT_READY);
	assert_int_equal(cuEventElapsedTime(&passed, before, after), CUDA_ERROR_NOT_READY);
	gate = true;
	OK(cuStreamSynchronize(second));
	OK(cuMemcpyDtoH_v2(&value, word, 4));
	assert_int_equal(value, 8);
	OK(cuEventElapsedTime(&passed, before, after));
	assert_true(passed > 0);
	OK(cuStreamSynchronize(first));
	assert_int_not_equal(cuEventElapsedTime(&passed, before, untimed), 0);
	OK(cuEventDestroy_v2(before));
	OK(cuEventDestroy_v2(after));
	OK(cuEventDestroy_v2(untimed));
}

static void an_illegal_access_breaks_the_context(void **state)
{
	CUdeviceptr pointer;
	CUcontext other;
	uint32_t word;

	(void)state;
	OK(cuMemAlloc_v2(&pointer, 4));
	OK(store(NULL, 0x1000, 1)); /* the launch itself is in order */
	assert_int_equal(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
	assert_int_equal(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
	assert_int_equal(cuMemAlloc_v2(&pointer, 4), CUDA_ERROR_ILLEGAL_ADDRESS);
	assert_int_equal(cuMemcpyDtoH_v2(&word, pointer, 4), CUDA_ERROR_ILLEGAL_ADDRESS);
	assert_int_equal(cuMemFree_v2(pointer), CUDA_ERROR_ILLEGAL_ADDRESS);
	OK(cuCtxCreate_v2(&other, 0, 0));
	OK(cuMemAlloc_v2(&pointer, 4));
	OK(cuCtxDestroy_v2(other));
}

static void virtual_memory(void **state)
{
	const CUmemAllocationProp property = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
					      .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE}};
	const CUmemAccessDesc access = {.location = {.type = CU_MEM_LOCATION_TYPE_DEVICE},
					.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
	CUmemGenericAllocationHandle handle;
	CUdeviceptr one, two;
	uint32_t value = 5;

	(void)state;
	OK(cuMemAddressReserve(&one, 4 * MIB, 0, 0, 0));
	OK(cuMemAddressReserve(&two, 4 * MIB, 0, 0, 0));
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES);
	assert_int_equal(cuMemcpyHtoD_v2(one, &value, 4), CUDA_ERROR_INVALID_VALUE);
	assert_int_equal(cuMemCreate(&handle, FAKE_DEVICE_BYTES + 2 * MIB, &property, 0),
			 CUDA_ERROR_OUT_OF_MEMORY);
	OK(cuMemCreate(&handle, 4 * MIB, &property, 0));
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES - 4 * MIB);
	OK(cuMemMap(one, 4 * MIB, 0, handle, 0));
	OK(cuMemMap(two, 4 * MIB, 0, handle, 0));
	assert_int_equal(cuMemMap(two, 4 * MIB, 0, handle, 0), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemSetAccess(one, 4 * MIB, &access, 1));
	OK(cuMemcpyHtoD_v2(one + 12, &value, 4));
	value = 0;
	OK(cuMemcpyDtoH_v2(&value, two + 12, 4));
	assert_int_equal(value, 5);
	OK(cuMemRelease(handle));
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES - 4 * MIB);
	assert_int_equal(cuMemAddressFree(one, 4 * MIB), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemUnmap(one, 4 * MIB));
	OK(cuMemUnmap(two, 4 * MIB));
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES);
	OK(cuMemAddressFree(one, 4 * MIB));
	OK(cuMemAddressFree(two, 4 * MIB));
}

/* In another process: what it finds at an address that is not its own, and in an IPC handle. */
static int other_process(int in)
{
	CUipcMemHandle handle;
	CUdeviceptr theirs, mapped;
	uint32_t value = 0;
	CUcontext mine;

	if (cuInit(0) || cuCtxCreate_v2(&mine, 0, 0))
		return 1;
	if (read(in, &theirs, sizeof(theirs)) != sizeof(theirs) ||
	    read(in, &handle, sizeof(handle)) != sizeof(handle))
		return 2;
	if (cuMemcpyDtoH_v2(&value, theirs, 4) != CUDA_ERROR_INVALID_VALUE)
		return 3;
	if (cuIpcOpenMemHandle_v2(&mapped, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS) ||
	    cuMemcpyDtoH_v2(&value, mapped, 4) || value != 0x5ec4e7)
		return 4;
	value++;
	if (cuMemcpyHtoD_v2(mapped, &value, 4) || cuIpcCloseMemHandle(mapped) ||
	    cuMemcpyDtoH_v2(&value, mapped, 4) != CUDA_ERROR_INVALID_VALUE)
		return 5;
	return 0;
}

static void memory_of_two_processes(void **state)
{
	CUdeviceptr padding, shared;
	uint32_t value = 0x5ec4e7;
	CUipcMemHandle handle;
	int way[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(way), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(other_process(way[0]));
	begin(NULL);
	OK(cuMemAlloc_v2(&padding, 512)); /* so that the buffer does not begin a page */
	OK(cuMemAlloc_v2(&shared, 512));
	OK(cuMemcpyHtoD_v2(shared, &value, 4));
	OK(cuIpcGetMemHandle(&handle, shared));
	assert_int_equal(write(way[1], &shared, sizeof(shared)), sizeof(shared));
	assert_int_equal(write(way[1], &handle, sizeof(handle)), sizeof(handle));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	OK(cuMemcpyDtoH_v2(&value, shared, 4));
	assert_int_equal(value, 0x5ec4e7 + 1);
	end(NULL);
}

static void assert_current(CUdevice device)
{
	CUdevice its;

	if (device < 0) {
		assert_int_equal(cuCtxGetDevice(&its), CUDA_ERROR_INVALID_CONTEXT);
		return;
	}
	OK(cuCtxGetDevice(&its));
	assert_int_equal(its, device);
}

static void contexts_are_a_stack_of_a_thread(void **state)
{
	CUcontext first, second, popped;

	(void)state;
	setenv("FAKECUDA_DEVICES", "2", 1);
	OK(cuInit(0));
	assert_int_equal(cuCtxCreate_v2(&first, 0, 2), CUDA_ERROR_INVALID_DEVICE);
	OK(cuCtxCreate_v2(&first, 0, 0));
	OK(cuCtxCreate_v2(&second, 0, 1));
	assert_current(1);
	OK(cuCtxPushCurrent_v2(first));
	assert_current(0);
	OK(cuCtxPopCurrent_v2(&popped));
	assert_ptr_equal(popped, first);
	assert_current(1);
	OK(cuCtxDestroy_v2(second));
	assert_current(0);
	OK(cuCtxSetCurrent(NULL));
	assert_current(-1);
	assert_int_equal(cuCtxPopCurrent_v2(NULL), CUDA_ERROR_INVALID_CONTEXT);
	OK(cuCtxDestroy_v2(first));
}

/* The last release and a reset take back what the primary context has, but not that of a pool. */
static void primary_contexts(void **state)
{
	CUcontext one, same, own;
	CUdeviceptr pointer, pooled;

	(void)state;
	assert_int_equal(cuDevicePrimaryCtxRelease_v2(1), CUDA_ERROR_INVALID_CONTEXT);
	OK(cuDevicePrimaryCtxRetain(&one, 1));
	OK(cuDevicePrimaryCtxRetain(&same, 1));
	assert_ptr_equal(one, same);
	OK(cuCtxSetCurrent(one));
	assert_int_equal(cuCtxDestroy_v2(one), CUDA_ERROR_INVALID_CONTEXT);
	OK(cuMemAlloc_v2(&pointer, MIB));
	OK(cuMemAllocAsync(&pooled, MIB, NULL));
	OK(cuDevicePrimaryCtxRelease_v2(1));
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES - 2 * MIB);
	OK(cuDevicePrimaryCtxReset_v2(1));
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES - MIB);
	OK(cuMemAlloc_v2(&pointer, MIB));
	OK(cuDevicePrimaryCtxRelease_v2(1));
	OK(cuCtxCreate_v2(&own, 0, 1));
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES - MIB);
	OK(cuMemFreeAsync(pooled, NULL));
	OK(cuCtxSynchronize());
	assert_int_equal(free_bytes(), FAKE_DEVICE_BYTES);
	OK(cuCtxDestroy_v2(own));
	OK(cuCtxSetCurrent(NULL));
	unsetenv("FAKECUDA_DEVICES");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first, before this process has a context that fork() would copy */
		cmocka_unit_test(memory_of_two_processes),
		cmocka_unit_test_setup_teardown(memory_is_counted_and_ends, begin, end),
		cmocka_unit_test_setup_teardown(blocks_do_not_overlap, begin, end),
		cmocka_unit_test_setup_teardown(pointers_of_nobody_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(streams_are_in_order_and_apart, begin, end),
		cmocka_unit_test_setup_teardown(events_say_when, begin, end),
		cmocka_unit_test_setup_teardown(an_illegal_access_breaks_the_context, begin, end),
		cmocka_unit_test_setup_teardown(virtual_memory, begin, end),
		cmocka_unit_test(contexts_are_a_stack_of_a_thread),
		cmocka_unit_test(primary_contexts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
