// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * load: samples are 10^9 operations a second (floating point, or bytes moved) in each slice of the
 * window. What a victim's or a neighbour's kernels get of the device.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../arithmetic.h"
#include "load.h"

#define THREADS	       256
#define KERNEL_SECONDS 250e-6 /* of one kernel, where the order names none */
#define LONG_SECONDS   2e-3
#define LAUNCHES_TIMED 3
#define WARM_UP	       0.03 /* seconds: clocks rise */
#define ROUNDS_MOST    (1u << 28)
#define ROUNDS_SHORT   1000 /* where nothing is measured */

static const char *const kernels[LOAD_KINDS] = {
	[LOAD_COMPUTE] = "compute",
	[LOAD_MEMORY] = "memory",
};

/* Once, without a planted slowdown. */
static int launch(struct tenant *tenant, struct load *load, CUstream stream)
{
	unsigned long long count = load->bytes / 16;
	void *compute[] = {&load->data, &load->tally, &load->rounds};
	void *memory[] = {&load->data, &count, &load->tally, &load->rounds};

	load->launches++;
	return CALL(tenant,
		    cu.LaunchKernel(load->kernel, load->blocks, 1, 1, load->threads, 1, 1, 0,
				    stream, load->kind == LOAD_COMPUTE ? compute : memory, NULL));
}

int load_launch(struct tenant *tenant, struct load *load, CUstream stream)
{
	for (uint32_t i = 0; i < tenant->order.repeat; i++)
		if (launch(tenant, load, stream))
			return -1;
	return 0;
}

/* Seconds of the kernel: the least of a few, since what else takes time only adds. */
static int timed_launch(struct tenant *tenant, struct load *load, double *seconds)
{
	double taken;

	*seconds = INFINITY;
	for (int i = 0; i < LAUNCHES_TIMED; i++) {
		if (tenant_timer_begin(tenant) || launch(tenant, load, tenant->stream) ||
		    tenant_timer_end(tenant, &taken))
			return -1;
		*seconds = fmin(*seconds, taken);
	}
	return 0;
}

/* As many rounds as take so many seconds: once to find the order of magnitude, once when warm. */
static int calibrate(struct tenant *tenant, struct load *load, double wanted)
{
	uint64_t warm = now_ns() + (uint64_t)(WARM_UP * SECOND);
	double seconds = 0;

	load->rounds = wanted ? 1 : ROUNDS_SHORT;
	if (!wanted)
		return 0;
	while (!timed_launch(tenant, load, &seconds)) {
		if (seconds < wanted / 2 && load->rounds < ROUNDS_MOST) {
			load->rounds *= 2;
		} else if (now_ns() >= warm) {
			double rounds = load->rounds * wanted / fmax(seconds, 1e-9);

			load->rounds = fmin(fmax(rounds, 1), ROUNDS_MOST);
			return 0;
		}
	}
	return -1;
}

/* The host's version of the compute kernel. */
static void expect(struct load *load)
{
	for (int i = 0; i < 8; i++) {
		volatile float x = (i + 1) / 17.0f;

		for (uint32_t round = 0; round < load->rounds; round++)
			x = 3.99f * fmaf(-x, x, x);
		load->expected[i] = x;
	}
}

int load_open(struct tenant *tenant, struct load *load, uint64_t kind, unsigned int blocks,
	      double seconds)
{
	int multiprocessors, l2;

	*load = (struct load){.kind = kind, .threads = THREADS};
	if (kind >= LOAD_KINDS)
		return tenant_fail(tenant, "there is no load %ju", (uintmax_t)kind);
	if (tenant_kernel(tenant, &load->kernel, kernels[kind]) ||
	    tenant_kernel(tenant, &load->count_other, "count_other") ||
	    CALL(tenant,
		 cu.DeviceGetAttribute(&multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
				       tenant->device)) ||
	    CALL(tenant,
		 cu.DeviceGetAttribute(&l2, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, tenant->device)))
		return -1;
	load->depth = seconds < LONG_SECONDS ? LOAD_DEPTH : LOAD_DEPTH_LONG;
	load->blocks = blocks ? blocks * multiprocessors : 1;
	/* Memory: far beyond the cache, so that it is the memory that is used. */
	load->bytes = kind == LOAD_MEMORY ? 4 * (size_t)l2 / 4096 * 4096
					  : (size_t)load->blocks * load->threads * sizeof(float);
	if (CALL(tenant, cu.MemAlloc(&load->data, load->bytes)) ||
	    CALL(tenant, cu.MemAlloc(&load->tally, 2 * sizeof(uint64_t))))
		return -1;
	for (int i = 0; i < LOAD_DEPTH; i++)
		if (CALL(tenant, cu.EventCreate(&load->done[i], CU_EVENT_DISABLE_TIMING)))
			return -1;
	if (calibrate(tenant, load, seconds))
		return -1;
	expect(load);
	load->launches = 0;
	return CALL(tenant, cu.MemsetD8(load->data, 0, load->bytes)) ||
			       CALL(tenant, cu.MemsetD8(load->tally, 0, 2 * sizeof(uint64_t))) ||
			       CALL(tenant, cu.CtxSynchronize())
		       ? -1
		       : 0;
}

int load_measure(struct tenant *tenant, struct load *load, uint64_t end, unsigned int slices,
		 double *rates)
{
	double size = load->kind == LOAD_COMPUTE ? 3.0 * load->rounds * load->blocks * load->threads
						 : 2.0 * load->rounds * load->bytes;
	uint64_t issued = 0, finished = 0, last, slice;

	last = tenant->busy.start = now_ns();
	slice = (end > last ? end - last : 1) / slices;
	memset(rates, 0, slices * sizeof(*rates));
	for (;;) {
		uint64_t now;

		while (issued < finished + load->depth && now_ns() < end) {
			if (load_launch(tenant, load, tenant->stream) ||
			    CALL(tenant,
				 cu.EventRecord(load->done[issued % load->depth], tenant->stream)))
				return -1;
			issued++;
		}
		if (finished == issued)
			break;
		if (CALL(tenant, cu.EventSynchronize(load->done[finished % load->depth])))
			return -1;
		now = now_ns();
		share_out(last, now, tenant->busy.start, slice, slices, rates);
		last = now;
		finished++;
	}
	/* What ran on after the end is not counted, so it is no part of the busy time. */
	tenant->busy.end = last < end ? last : end;
	for (unsigned int i = 0; i < slices; i++)
		rates[i] *= size / slice;
	return 0;
}

static int verify_compute(struct tenant *tenant, struct load *load)
{
	size_t count = load->bytes / sizeof(float), wrong = 0;
	float *results = malloc(load->bytes);

	if (!results)
		return tenant_fail(tenant, "no memory for %zu bytes", load->bytes);
	if (CALL(tenant, cu.MemcpyDtoH(results, load->data, load->bytes))) {
		free(results);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		wrong += memcmp(&results[i], &load->expected[i % 8], sizeof(float)) != 0;
	free(results);
	return wrong ? tenant_invalid(tenant, "%zu of %zu results are wrong", wrong, count) : 0;
}

static int verify_memory(struct tenant *tenant, struct load *load, uint64_t *wrong)
{
	unsigned long long count = load->bytes / 4;
	uint32_t expected = load->launches * load->rounds;
	CUdeviceptr other = load->tally + sizeof(uint64_t);
	void *parameters[] = {&load->data, &count, &expected, &other};

	if (CALL(tenant, cu.MemsetD8(other, 0, sizeof(*wrong))) ||
	    CALL(tenant, cu.CtxSynchronize()) || /* the kernel is in another stream */
	    CALL(tenant, cu.LaunchKernel(load->count_other, load->blocks, 1, 1, load->threads, 1, 1,
					 0, tenant->stream, parameters, NULL)) ||
	    CALL(tenant, cu.StreamSynchronize(tenant->stream)) ||
	    CALL(tenant, cu.MemcpyDtoH(wrong, other, sizeof(*wrong))))
		return -1;
	return *wrong ? tenant_invalid(tenant, "%ju of %llu words are wrong", (uintmax_t)*wrong,
				       count)
		      : 0;
}

int load_verify(struct tenant *tenant, struct load *load)
{
	uint64_t blocks = 0, wrong;

	if (CALL(tenant, cu.CtxSynchronize()) ||
	    CALL(tenant, cu.MemcpyDtoH(&blocks, load->tally, sizeof(blocks))))
		return -1;
	if (blocks != load->launches * load->blocks)
		return tenant_invalid(tenant, "%ju blocks finished, not %ju", (uintmax_t)blocks,
				      (uintmax_t)(load->launches * load->blocks));
	if (!load->launches)
		return 0;
	return load->kind == LOAD_COMPUTE ? verify_compute(tenant, load)
					  : verify_memory(tenant, load, &wrong);
}

void load_close(struct load *load)
{
	for (int i = 0; i < LOAD_DEPTH; i++)
		if (load->done[i])
			cu.EventDestroy(load->done[i]);
	if (load->data)
		cu.MemFree(load->data);
	if (load->tally)
		cu.MemFree(load->tally);
	*load = (struct load){0};
}

static int prepare(struct tenant *tenant)
{
	const uint64_t *argument = tenant->order.argument;
	double seconds = argument[LOAD_KERNEL_US] ? argument[LOAD_KERNEL_US] / 1e6 : KERNEL_SECONDS;

	tenant->state = calloc(1, sizeof(struct load));
	if (!tenant->state)
		return tenant_fail(tenant, "no memory");
	return load_open(tenant, tenant->state, argument[LOAD_KIND], LOAD_BLOCKS, seconds);
}

static int run(struct tenant *tenant)
{
	unsigned int slices = tenant->order.argument[LOAD_SLICES] ?: 1;
	struct load *load = tenant->state;
	double rates[LOAD_SLICES_MOST];
	struct busy busy;

	if (slices > LOAD_SLICES_MOST || !tenant->window.end)
		return tenant_fail(tenant, "load: 1 to %d slices of a window", LOAD_SLICES_MOST);
	sampling_watch_clock(tenant);
	sampling_more(tenant);
	if (load_measure(tenant, load, tenant->window.end, slices, rates))
		return -1;
	busy = tenant->busy;
	for (unsigned int i = 0; i < slices; i++)
		sampling_add(tenant, rates[i]);
	sampling_more(tenant); /* looks at the clock */
	tenant->busy = busy;
	if (load_verify(tenant, load))
		return -1;
	tenant_fact(tenant, "verified=%zu", load->bytes);
	return 0;
}

static void finish(struct tenant *tenant)
{
	if (tenant->state)
		load_close(tenant->state);
	free(tenant->state);
}

const struct work work_load = {.name = "load", .prepare = prepare, .run = run, .finish = finish};
