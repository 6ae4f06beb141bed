// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The library: a function of each name in uprobe.def. Without its variables it does nothing. */
#include <dlfcn.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "preload.h"
#include "shared_memory.h"
#include "turns.h"

#define LAUNCH                                                                                     \
	(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,       \
	 unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared,    \
	 CUstream stream, void **parameters, void **extra)
#define PASSED                                                                                     \
	(function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream, parameters,  \
	 extra)

static launch_call *real;
static struct preload_shared *all;

static CUresult do_empty LAUNCH
{
	return real PASSED;
}

static CUresult do_entry LAUNCH
{
	all->entries++;
	return real PASSED;
}

static CUresult do_exit LAUNCH
{
	CUresult error = real PASSED;

	all->exits++;
	return error;
}

static CUresult do_both LAUNCH
{
	CUresult error;

	all->entries++;
	error = real PASSED;
	all->exits++;
	return error;
}

/*
 * Whoever takes the place writes the event; a slot whose turn has not come is not read yet, and one
 * whose turn is over was taken by another thread.
 */
static struct preload_event *take_place(uint64_t *place)
{
	for (;;) {
		struct preload_event *slot;
		uint64_t turn;

		*place = all->next;
		slot = &all->events[*place % PRELOAD_EVENTS];
		turn = slot->turn;
		if (turn < *place)
			return NULL;
		if (turn == *place &&
		    __atomic_compare_exchange_n(&all->next, place, *place + 1, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return slot;
	}
}

static void put_event(CUfunction function, unsigned int blocks)
{
	uint64_t place;
	struct preload_event *slot = take_place(&place);
	struct timespec now;

	if (!slot) {
		all->lost++;
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	slot->event = (struct host_event){.ns = now.tv_sec * 1000000000ull + now.tv_nsec,
					  .function = (uintptr_t)function,
					  .process = getpid(),
					  .blocks = blocks};
	slot->turn = place + 1;
	if (all->asleep && __atomic_exchange_n(&all->asleep, 0, __ATOMIC_ACQ_REL))
		syscall(SYS_futex, &all->asleep, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static CUresult do_ring LAUNCH
{
	put_event(function, grid_x);
	return real PASSED;
}

static CUresult do_percpu LAUNCH
{
	/* A thread may be moved in between: an addition that is whole loses nothing. */
	__atomic_fetch_add(&all->cpus[sched_getcpu() % PRELOAD_CPUS].count, 1, __ATOMIC_RELAXED);
	return real PASSED;
}

static CUresult do_hash LAUNCH
{
	uint64_t key = (uintptr_t)function;
	size_t at = key * 0x9e3779b97f4a7c15ull >> 54, i;

	for (i = 0; i < HOST_KERNELS; i++, at = (at + 1) % HOST_KERNELS) {
		uint64_t none = 0;

		if (all->kernels[at].function == key ||
		    __atomic_compare_exchange_n(&all->kernels[at].function, &none, key, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
		    none == key)
			break;
	}
	if (i < HOST_KERNELS)
		all->kernels[at].count++;
	else
		all->lost++;
	return real PASSED;
}

static const struct {
	const char *name;
	launch_call *call;
} calls[] = {
#define HOST_PROBE(name, ...) {#name, do_##name},
#include "uprobe.def"
#undef HOST_PROBE
};

static launch_call *chosen;

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv(PRELOAD_NAME);

	all = shared_memory_open(PRELOAD_FILE, sizeof(*all));
	if (!all || !name)
		return;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name))
			chosen = calls[i].call;
}

#define EXPORTED __attribute__((visibility("default")))

/* The driver is loaded after this library. */
static bool find_real(void)
{
	if (__builtin_expect(!real, 0))
		real = (launch_call *)dlsym(RTLD_NEXT, "cuLaunchKernel");
	return real;
}

EXPORTED CUresult cuLaunchKernel LAUNCH
{
	if (__builtin_expect(!find_real(), 0))
		return CUDA_ERROR_NOT_INITIALIZED;
	return chosen ? chosen PASSED : real PASSED;
}

/* Off is the driver's call itself, as without the library. */
EXPORTED int exitlab_probe_turn(bool on, struct probe_turn *turn)
{
	if (!chosen || !find_real())
		return TURN_NONE;
	turn->launch = on ? cuLaunchKernel : real;
	return TURN_TAKEN;
}
