// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The library: cuModuleLoadData() of PTX gets a module with the probe in it, cuModuleUnload() of
 * that collects. Without its variables it does nothing. What it says goes where the workload's
 * errors go, since it is its process that ends.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/util.h"
#include "shared_memory.h"
#include "turns.h"
#include "woven.h"

#define MODULES_MOST 64
#define FAKE	     "fake libcuda" /* how the device of the library begins that has none */

#define EXPORTED __attribute__((visibility("default")))

static struct woven_shared *shared;
static const struct probe *chosen;

/* A module as it was woven, and as it came, for the turns without the probe. */
static struct {
	struct probed *probed;
	CUmodule plain;
} modules[MODULES_MOST];

static void __attribute__((noreturn)) fail(const char *why)
{
	snprintf(shared->error, sizeof(shared->error), "%s", why);
	die("the probe %s: %s", chosen->name, why);
}

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv(WOVEN_NAME);

	shared = shared_memory_open(WOVEN_FILE, sizeof(*shared));
	if (shared && name)
		chosen = probe_named(name);
}

/* The driver as it is behind this library: what probed.h calls is not to be woven again. */
static void open_driver(void)
{
	static bool open;
	const char *why = open ? NULL : driver_open(getenv("EXITLAB_LIBCUDA"));
	CUdevice device;
	char name[128] = "";

	if (open)
		return;
	if (why)
		fail(why);
	*(void **)&cu.ModuleLoadData = dlsym(RTLD_NEXT, "cuModuleLoadData");
	*(void **)&cu.ModuleUnload = dlsym(RTLD_NEXT, "cuModuleUnload");
	if (!cu.CtxGetDevice(&device))
		cu.DeviceGetName(name, sizeof(name), device);
	if (!strncmp(name, FAKE, strlen(FAKE)))
		die_code(EXIT_CANNOT, "a probe on the device takes a GPU: the fake libcuda runs no "
				      "PTX");
	open = true;
}

static void take_event(const struct probe_event *event, void *data)
{
	(void)data;
	if (shared->events < WOVEN_EVENTS)
		shared->event[shared->events] = *event;
	shared->events++;
}

static bool is_ptx(const char *image)
{
	/* Comments come before it; machine code begins with numbers that no text begins with. */
	return image[0] == '/' || image[0] == '.' || image[0] == '\n';
}

static size_t free_slot(void)
{
	for (size_t i = 0; i < MODULES_MOST; i++)
		if (!modules[i].probed)
			return i;
	fail("too many modules at a time");
}

EXPORTED CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
	static const struct probed_options options = {.event = take_event};
	const struct weave_outcome *outcome;
	const char *why;
	size_t slot;

	if (!chosen || !image || !is_ptx(image)) {
		CUresult (*real)(CUmodule *, const void *);

		*(void **)&real = dlsym(RTLD_NEXT, "cuModuleLoadData");
		return real ? real(module, image) : CUDA_ERROR_NOT_INITIALIZED;
	}
	open_driver();
	slot = free_slot();
	why = probed_load(&modules[slot].probed, image, chosen, &options);
	if (why)
		fail(why);
	if (cu.ModuleLoadData(&modules[slot].plain, image))
		modules[slot].plain = NULL;
	outcome = probed_outcome(modules[slot].probed);
	shared->loads += outcome->loads;
	shared->stores += outcome->stores;
	*module = probed_module(modules[slot].probed);
	return CUDA_SUCCESS;
}

static void add(const struct probe_counts *counts)
{
	struct probe_counts *sum = &shared->counts;

	sum->entries += counts->entries;
	sum->exits += counts->exits;
	sum->accesses += counts->accesses;
	sum->nanoseconds += counts->nanoseconds;
	sum->events += counts->events;
	sum->drained += counts->drained;
	sum->lost += counts->lost;
	sum->drained_hits += counts->drained_hits;
	sum->sum += counts->sum;
	sum->overflow += counts->overflow;
	sum->elements += counts->elements;
	if (counts->elements && (!sum->least || counts->least < sum->least))
		sum->least = counts->least;
	if (counts->most > sum->most)
		sum->most = counts->most;
	for (size_t i = 0; i < ARRAY_SIZE(sum->slots); i++)
		sum->slots[i] += counts->slots[i];
	shared->modules++;
}

/* What the probe keeps has to agree with what it counts, whatever the number is. */
static void collect(struct probed *probed)
{
	struct probe_counts counts;
	const char *why = probed_collect(probed, &counts);

	if (!why)
		why = probe_proof(chosen, &counts,
				  chosen->at & PROBE_AT_ENTRY ? counts.entries : counts.exits,
				  counts.accesses);
	if (why)
		fail(why);
	add(&counts);
}

EXPORTED CUresult cuModuleUnload(CUmodule module)
{
	CUresult (*real)(CUmodule);

	for (size_t i = 0; i < MODULES_MOST; i++) {
		if (!modules[i].probed || probed_module(modules[i].probed) != module)
			continue;
		cu.CtxSynchronize();
		collect(modules[i].probed);
		probed_close(modules[i].probed);
		if (modules[i].plain)
			cu.ModuleUnload(modules[i].plain);
		modules[i].probed = NULL;
		return CUDA_SUCCESS;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "cuModuleUnload");
	return real ? real(module) : CUDA_ERROR_NOT_INITIALIZED;
}

/* Off is the kernel as it came: the driver compiles it from the same PTX. */
EXPORTED int exitlab_probe_turn(bool on, struct probe_turn *turn)
{
	for (size_t i = 0; i < MODULES_MOST; i++) {
		CUmodule module;

		if (!modules[i].probed || !modules[i].plain)
			continue;
		module = on ? probed_module(modules[i].probed) : modules[i].plain;
		if (!cu.ModuleGetFunction(&turn->kernel, module, turn->kernel_name))
			return TURN_TAKEN;
	}
	return TURN_NONE;
}
