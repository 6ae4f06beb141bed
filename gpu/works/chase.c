// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * chase: all multiprocessors read a set of lines, then, maybe after a pause in which a neighbour
 * has the device, one thread goes from line to line of it, in a cycle of random order; samples are
 * ns a step, each of a few hundred steps. Only a few thousand, since a walk by itself changes what
 * is in the L2 of a set that hardly fits. evict: the set is warmed, other memory is streamed
 * through the L2, and a part of the set that is walked once tells how much of it is still there;
 * samples are ns a step. touch: a neighbour that reads its set again and again by all
 * multiprocessors; samples are passes a second, in windows.
 *
 * Steps are timed on the device by its global timer, a few hundred at a time: where the device is
 * shared in slices of time, most of these lie within a slice, and their median does not know of the
 * waiting between slices. A walk must end at the line that the host computes.
 */
#include <stdlib.h>
#include <unistd.h>

#include "../kernels/pattern.h"
#include "chase.h"
#include "window.h"
#include "works.h"

#define STEPS	    512 /* of one sample of chase: 100 us and more */
#define CHUNKS	    4	/* samples of one walk */
#define EVICT_STEPS 16384
#define CHUNKS_MOST (EVICT_STEPS / STEPS)
#define THREADS	    256
#define BLOCKS	    8 /* for each SM */
#define WARM_PASSES 2
#define TOUCHES	    16 /* passes of one operation of touch */

struct chase {
	struct chase_set set;
	CUdeviceptr lines, stream, result, sum;
	CUfunction walk, touch, read;
	unsigned int multiprocessors;
	uint32_t position, line; /* where the walk is; they belong together */
	uint64_t touches;
};

/* chase_line() wants bits enough for all lines, and 2 for its shifts. */
static struct chase_set make_set(uint64_t bytes, uint32_t seed)
{
	struct chase_set set = {.lines = bytes / CHASE_LINE, .bits = 2, .seed = seed};

	while (1ull << set.bits < set.lines)
		set.bits++;
	return set;
}

static int launch(struct tenant *tenant, CUfunction kernel, uint64_t blocks, unsigned int threads,
		  void **parameters)
{
	return CALL(tenant, cu.LaunchKernel(kernel, blocks, 1, 1, threads, 1, 1, 0, tenant->stream,
					    parameters, NULL));
}

static int build(struct tenant *tenant)
{
	struct chase *chase = tenant->state;
	void *parameters[] = {&chase->lines, &chase->set};
	CUfunction kernel;

	if (tenant_kernel(tenant, &kernel, "chase_build") ||
	    launch(tenant, kernel, ((1ull << chase->set.bits) + THREADS - 1) / THREADS, THREADS,
		   parameters))
		return -1;
	chase->position = chase_next(chase->set, UINT32_MAX);
	chase->line = chase_line(chase->set, chase->position);
	return 0;
}

/* Reads all lines of the set once. */
static int touch_once(struct tenant *tenant)
{
	struct chase *chase = tenant->state;
	void *parameters[] = {&chase->lines, &chase->set, &chase->sum};

	chase->touches++;
	return launch(tenant, chase->touch, BLOCKS * chase->multiprocessors, THREADS, parameters);
}

/* Did all touches read what the lines hold? They hold each number below their count once. */
static int verify_touches(struct tenant *tenant)
{
	struct chase *chase = tenant->state;
	uint64_t lines = chase->set.lines, expected = lines * (lines - 1) / 2 * chase->touches;
	uint64_t sum = ~expected; /* a result that is lost is no good one */

	if (CALL(tenant, cu.StreamSynchronize(tenant->stream)) ||
	    CALL(tenant, cu.MemcpyDtoH(&sum, chase->sum, sizeof(sum))))
		return -1;
	if (sum != expected)
		return tenant_invalid(tenant, "the lines of the set sum up to %ju, not %ju",
				      (uintmax_t)sum, (uintmax_t)expected);
	tenant_fact(tenant, "verified=%ju", (uintmax_t)lines * CHASE_LINE);
	return 0;
}

static int warm(struct tenant *tenant)
{
	for (int i = 0; i < WARM_PASSES; i++)
		if (touch_once(tenant))
			return -1;
	return 0;
}

/* Walks on by chunks times STEPS; result[1] and up have the ns of each chunk. */
static int walk(struct tenant *tenant, uint32_t chunks, uint64_t *result)
{
	struct chase *chase = tenant->state;
	uint32_t steps = STEPS;
	void *parameters[] = {&chase->lines, &chase->set, &chase->line,
			      &chunks,	     &steps,	  &chase->result};
	uint32_t expected;

	result[0] = UINT64_MAX;
	if (launch(tenant, chase->walk, 1, 1, parameters) ||
	    CALL(tenant, cu.StreamSynchronize(tenant->stream)) ||
	    CALL(tenant, cu.MemcpyDtoH(result, chase->result, (1 + chunks) * sizeof(*result))))
		return -1;
	for (uint32_t i = 0; i < chunks * steps; i++)
		chase->position = chase_next(chase->set, chase->position);
	expected = chase_line(chase->set, chase->position);
	if (result[0] != expected)
		return tenant_invalid(tenant, "a walk of %u steps ended at line %ju, not %u",
				      chunks * steps, (uintmax_t)result[0], expected);
	chase->line = expected;
	return 0;
}

static int prepare(struct tenant *tenant)
{
	struct chase *chase = tenant->state = calloc(1, sizeof(*chase));
	uint64_t stream = tenant->order.argument[CHASE_STREAM];
	int multiprocessors;

	if (!chase)
		return tenant_fail(tenant, "no memory");
	chase->set = make_set(tenant->order.argument[CHASE_BYTES], tenant->order.seed);
	if (CALL(tenant,
		 cu.DeviceGetAttribute(&multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
				       tenant->device)))
		return -1;
	chase->multiprocessors = multiprocessors;
	if (CALL(tenant, cu.MemAlloc(&chase->lines, (uint64_t)chase->set.lines * CHASE_LINE)) ||
	    CALL(tenant, cu.MemAlloc(&chase->result, (1 + CHUNKS_MOST) * sizeof(uint64_t))) ||
	    CALL(tenant, cu.MemAlloc(&chase->sum, sizeof(uint64_t))) ||
	    (stream && CALL(tenant, cu.MemAlloc(&chase->stream, stream))) ||
	    CALL(tenant, cu.MemsetD32Async(chase->sum, 0, 2, tenant->stream)) ||
	    tenant_kernel(tenant, &chase->walk, "chase_walk") ||
	    tenant_kernel(tenant, &chase->touch, "chase_touch") ||
	    tenant_kernel(tenant, &chase->read, "read_sum") || build(tenant) || warm(tenant))
		return -1;
	return verify_touches(tenant);
}

/* A pass over the set, the pause, then a walk: ns of each of CHUNKS chunks are added. */
static int touch_and_walk(struct tenant *tenant, uint64_t *ns)
{
	uint64_t result[1 + CHUNKS];

	if (touch_once(tenant) || CALL(tenant, cu.StreamSynchronize(tenant->stream)))
		return -1;
	if (tenant->order.argument[CHASE_PAUSE])
		usleep(tenant->order.argument[CHASE_PAUSE]);
	if (walk(tenant, CHUNKS, result))
		return -1;
	for (int chunk = 0; chunk < CHUNKS; chunk++)
		ns[chunk] += result[1 + chunk];
	return 0;
}

static int run_chase(struct tenant *tenant)
{
	sampling_watch_clock(tenant);
	while (sampling_more(tenant)) {
		uint64_t ns[CHUNKS] = {0};

		for (uint32_t i = 0; i < tenant->order.repeat; i++)
			if (touch_and_walk(tenant, ns))
				return -1;
		/* The neighbour may be done. */
		if (tenant->window.end && !tenant_in_window(tenant))
			break;
		for (int chunk = 0; chunk < CHUNKS; chunk++)
			sampling_add(tenant, (double)ns[chunk] / STEPS);
	}
	if (tenant->window.end)
		tenant->busy.end = tenant->window.end;
	return verify_touches(tenant);
}

static void finish(struct tenant *tenant)
{
	struct chase *chase = tenant->state;

	if (!chase)
		return;
	if (chase->lines)
		cu.MemFree(chase->lines);
	if (chase->stream)
		cu.MemFree(chase->stream);
	if (chase->result)
		cu.MemFree(chase->result);
	if (chase->sum)
		cu.MemFree(chase->sum);
	free(chase);
}

const struct work work_chase = {
	.name = "chase", .prepare = prepare, .run = run_chase, .finish = finish};

/* Streams other memory through the L2; what it sums up to is of no interest. */
static int stream(struct tenant *tenant)
{
	struct chase *chase = tenant->state;
	uint64_t vectors = tenant->order.argument[CHASE_STREAM] / 16;
	CUdeviceptr ignored = chase->result;
	uint32_t passes = 1;
	void *parameters[] = {&chase->stream, &vectors, &passes, &ignored};

	return launch(tenant, chase->read, BLOCKS * chase->multiprocessors, THREADS, parameters);
}

/* Steps of one walk over a part of the set, a random one, since the order is: whole chunks. */
static uint32_t evict_chunks(const struct chase *chase)
{
	uint32_t chunks = chase->set.lines / STEPS;

	return chunks > CHUNKS_MOST ? CHUNKS_MOST : chunks ? chunks : 1;
}

static int run_evict(struct tenant *tenant)
{
	const struct chase *chase = tenant->state;
	uint32_t chunks = evict_chunks(chase);
	uint64_t result[1 + CHUNKS_MOST];

	sampling_watch_clock(tenant);
	while (sampling_more(tenant)) {
		uint64_t ns = 0;

		if (warm(tenant) || (tenant->order.argument[CHASE_STREAM] && stream(tenant)) ||
		    walk(tenant, chunks, result))
			return -1;
		for (uint32_t i = 1; i <= chunks; i++)
			ns += result[i];
		sampling_add(tenant, (double)ns / (chunks * STEPS));
	}
	return verify_touches(tenant);
}

const struct work work_evict = {
	.name = "evict", .prepare = prepare, .run = run_evict, .finish = finish};

static int touch_some(struct tenant *tenant)
{
	for (int i = 0; i < TOUCHES; i++)
		if (touch_once(tenant))
			return -1;
	return 0;
}

static int run_touch(struct tenant *tenant)
{
	sampling_watch_clock(tenant);
	while (sampling_more(tenant))
		if (window_throughput(tenant, touch_some, TOUCHES))
			return -1;
	return verify_touches(tenant);
}

const struct work work_touch = {
	.name = "touch", .prepare = prepare, .run = run_touch, .finish = finish};
