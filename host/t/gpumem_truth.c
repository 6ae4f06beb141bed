// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program of the GPU that knows what it has done: it makes calls of libcuda and prints how many
 * of them did what, for `exitlab gpumem` to be held against.
 *
 *     gpumem_truth LIBRARY SCENARIO [COUNT [THREADS]]
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../util.h"
#include "gpumem_truth.h"

#define THREADS_MOST 16

/* What has happened; the threads add theirs to it. */
static struct truth {
	uint64_t allocations, frees, failed_allocations, failed_frees;
	uint64_t allocated_bytes, freed_bytes;
} truth;

static const char *program, *library;
static unsigned long count = 1000, threads = 4;
CUcontext context;

void add(uint64_t *number, uint64_t more)
{
	__atomic_fetch_add(number, more, __ATOMIC_RELAXED);
}

void count_allocation(size_t bytes)
{
	add(&truth.allocations, 1);
	add(&truth.allocated_bytes, bytes);
}

void count_free(size_t bytes)
{
	add(&truth.frees, 1);
	add(&truth.freed_bytes, bytes);
}

CUdeviceptr allocate(size_t bytes)
{
	CUdeviceptr pointer = 0;

	if (cu.MemAlloc(&pointer, bytes)) {
		add(&truth.failed_allocations, 1);
		return 0;
	}
	count_allocation(bytes);
	return pointer;
}

void release(CUdeviceptr pointer, size_t bytes)
{
	if (cu.MemFree(pointer)) {
		add(&truth.failed_frees, 1);
		return;
	}
	count_free(bytes);
}

static void *run_pairs(void *argument)
{
	size_t bytes = 512 + 512 * (size_t)argument;

	cu.CtxSetCurrent(context);
	for (unsigned long i = 0; i < count; i++) {
		CUdeviceptr pointer = allocate(bytes + i % 7);

		if (i % 10) /* every tenth stays */
			release(pointer, bytes + i % 7);
	}
	return NULL;
}

static void in_threads(void *(*run)(void *))
{
	pthread_t thread[THREADS_MOST];

	for (size_t i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, run, (void *)i))
			die("no thread");
	for (size_t i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

static void pairs(void)
{
	in_threads(run_pairs);
}

/* One pointer after the other goes from one thread to all: who comes first frees it. */
static CUdeviceptr handed_over;
static bool given_all;

static void *take_over(void *argument)
{
	(void)argument;
	cu.CtxSetCurrent(context);
	for (;;) {
		bool last = __atomic_load_n(&given_all, __ATOMIC_ACQUIRE);
		CUdeviceptr pointer = __atomic_exchange_n(&handed_over, 0, __ATOMIC_ACQ_REL);

		if (pointer)
			release(pointer, 4096);
		else if (last)
			return NULL;
	}
}

static void *hand_over(void *argument)
{
	pthread_t taker;

	if (pthread_create(&taker, NULL, take_over, argument))
		die("no thread");
	for (unsigned long i = 0; i < count; i++) {
		CUdeviceptr pointer = allocate(4096);

		pointer = __atomic_exchange_n(&handed_over, pointer, __ATOMIC_ACQ_REL);
		if (pointer) /* nobody has come for it */
			release(pointer, 4096);
	}
	__atomic_store_n(&given_all, true, __ATOMIC_RELEASE);
	pthread_join(taker, NULL);
	return NULL;
}

static void cross(void)
{
	hand_over(NULL);
}

static void failures(void)
{
	CUdeviceptr pointer = allocate(4096);

	for (unsigned long i = 0; i < count; i++) {
		allocate((size_t)1 << 50);
		release(pointer + 4096 * (i + 1), 0);
		cu.CtxSetCurrent(NULL);
		release(pointer, 0);
		cu.CtxSetCurrent(context);
	}
	cu.MemFree(0); /* is none */
	release(pointer, 4096);
}

/* One of each kind that stays and one that goes. */
static void kinds(void)
{
	int (*pitch)(CUdeviceptr *, size_t *, size_t, size_t, unsigned int) =
		dlsym(RTLD_DEFAULT, "cuMemAllocPitch_v2");
	int (*from_pool)(CUdeviceptr *, size_t, void *, CUstream) =
		dlsym(RTLD_DEFAULT, "cuMemAllocFromPoolAsync");
	CUmemAllocationProp property = {.type = 1, .location = {1, 0}};
	size_t row = 0;

	for (int i = 0; i < 2; i++) {
		CUmemGenericAllocationHandle handle;
		CUdeviceptr pointer[4];
		void *host;

		if (pitch(&pointer[0], &row, 1000, 30, 4) ||
		    cu.MemAllocManaged(&pointer[1], 10000, 1) ||
		    cu.MemAllocAsync(&pointer[2], 20000, NULL) ||
		    from_pool(&pointer[3], 30000, NULL, NULL) ||
		    cu.MemCreate(&handle, 2 << 20, &property, 0) ||
		    cu.MemHostAlloc(&host, 50000, 0))
			die("an allocation failed");
		add(&truth.allocations, 6);
		add(&truth.allocated_bytes, 30 * row + 10000 + 20000 + 30000 + (2 << 20) + 50000);
		if (i)
			break;
		if (cu.MemFree(pointer[0]) || cu.MemFree(pointer[1]) ||
		    cu.MemFreeAsync(pointer[2], NULL) || cu.MemFreeAsync(pointer[3], NULL) ||
		    cu.MemRelease(handle) || cu.MemFreeHost(host))
			die("a free failed");
		add(&truth.frees, 6);
		add(&truth.freed_bytes, 30 * row + 10000 + 20000 + 30000 + (2 << 20) + 50000);
	}
}

static void again(const char *scenario)
{
	char number[2][24];

	snprintf(number[0], sizeof(number[0]), "%lu", count);
	snprintf(number[1], sizeof(number[1]), "%lu", threads);
	execl(program, program, library, scenario, number[0], number[1], NULL);
	die("cannot run %s again", program);
}

/* Two processes that have the same pointers at the same time, and this one. */
static void children(void)
{
	CUdeviceptr pointer = allocate(1000);

	fflush(stdout);
	for (int i = 0; i < 2; i++)
		if (!fork())
			again("pairs");
	while (wait(NULL) > 0)
		;
	release(pointer, 1000);
}

/* A child that does not exec has its parent's pointers, which were none of its calls. */
static void inherit(void)
{
	CUdeviceptr pointer = allocate(1000);
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child)
		waitpid(child, NULL, 0);
	else
		truth = (struct truth){0};
	release(pointer, child ? 1000 : 0);
}

static void print_truth(void)
{
	printf("truth %d allocations %" PRIu64 " frees %" PRIu64 " failed_allocations %" PRIu64
	       " failed_frees %" PRIu64 " allocated_bytes %" PRIu64 " freed_bytes %" PRIu64 "\n",
	       getpid(), truth.allocations, truth.frees, truth.failed_allocations,
	       truth.failed_frees, truth.allocated_bytes, truth.freed_bytes);
	fflush(stdout);
}

static void replace(void)
{
	allocate(12345);
	print_truth();
	again("pairs");
}

/* Says that it is ready, and goes on when it is told to: with what came before unknown. */
static void attached(void)
{
	CUdeviceptr pointer = allocate(1000);
	CUcontext own;

	if (cu.DevicePrimaryCtxRetain(&own, 0))
		die("no primary context");
	printf("ready %d\n", getpid());
	fflush(stdout);
	getchar();
	truth = (struct truth){0};
	release(pointer, 0);
	/*
	 * In the order of the CUDA runtime. It is not the last release, though the trace has seen
	 * but one retain.
	 */
	if (cu.CtxPushCurrent(own) || cu.DevicePrimaryCtxRetain(&own, 0))
		die("no primary context");
	allocate(1001);
	if (cu.DevicePrimaryCtxRelease(0) || cu.CtxPopCurrent(NULL))
		die("cannot release the primary context");
	pairs();
	if (cu.CtxDestroy(context))
		die("cannot destroy the context");
}

/* Until it is killed. */
static void forever(void)
{
	printf("ready %d\n", getpid());
	fflush(stdout);
	for (;;)
		release(allocate(4096), 4096);
}

static void make_context(void)
{
	CUdevice device;

	if (cu.Init(0) || cu.DeviceGet(&device, 0) || cu.CtxCreate(&context, 0, device))
		die("no context");
}

/*
 * Loads the library and gives it back, again and again. driver_open() would keep it: what a program
 * finds by RTLD_DEFAULT stays.
 */
static void reload(void)
{
	static const struct {
		const char *symbol;
		void **call;
	} calls[] = {
		{"cuInit", (void **)&cu.Init},
		{"cuDeviceGet", (void **)&cu.DeviceGet},
		{"cuCtxCreate_v2", (void **)&cu.CtxCreate},
		{"cuMemAlloc_v2", (void **)&cu.MemAlloc},
		{"cuMemFree_v2", (void **)&cu.MemFree},
	};

	for (unsigned long i = 0; i < count; i++) {
		void *handle = dlopen(library, RTLD_NOW);
		CUdeviceptr device = 0;

		for (size_t call = 0; call < ARRAY_SIZE(calls); call++)
			*calls[call].call = dlsym(handle, calls[call].symbol);
		make_context();
		for (int pair = 0; pair < 10; pair++) {
			device = allocate(4096 + i);
			release(device, 4096 + i);
		}
		/* The fake's device is at the same place each time; it stays when its library goes.
		 */
		munmap((void *)device, 1ull << 40);
		if (dlclose(handle) || dlopen(library, RTLD_NOW | RTLD_NOLOAD))
			die("the library stays loaded");
	}
}

/* Nanoseconds of a pair of calls. */
static void timed(void)
{
	struct timespec from, to;

	release(allocate(4096), 4096);
	clock_gettime(CLOCK_MONOTONIC_RAW, &from);
	for (unsigned long i = 1; i < count; i++)
		release(allocate(4096), 4096);
	clock_gettime(CLOCK_MONOTONIC_RAW, &to);
	printf("ns %.0f\n", ((to.tv_sec - from.tv_sec) * 1e9 + to.tv_nsec - from.tv_nsec) / count);
}

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{"attached", attached}, {"children", children}, {"contexts", contexts}, {"cross", cross},
	{"failures", failures}, {"forever", forever},	{"inherit", inherit},	{"kinds", kinds},
	{"pairs", pairs},	{"replace", replace},	{"stacks", stacks},	{"timed", timed},
};

int main(int argc, char **argv)
{
	const char *why;

	if (argc < 3)
		die_code(EXIT_USAGE, "gpumem_truth LIBRARY SCENARIO [COUNT [THREADS]]");
	program = argv[0];
	library = argv[1];
	if (argc > 3)
		count = strtoul(argv[3], NULL, 10);
	if (argc > 4)
		threads = strtoul(argv[4], NULL, 10);
	if (threads > THREADS_MOST)
		die_code(EXIT_USAGE, "at most %d threads", THREADS_MOST);
	if (!strcmp(argv[2], "reload")) {
		reload();
		print_truth();
		return EXIT_OK;
	}
	why = driver_open(library);
	if (why)
		die("%s", why);
	make_context();
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		if (!strcmp(scenarios[i].name, argv[2])) {
			scenarios[i].run();
			print_truth();
			return EXIT_OK;
		}
	die_code(EXIT_USAGE, "no scenario %s", argv[2]);
}
