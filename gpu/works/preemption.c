// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * preemption: samples are microseconds of the host that a short kernel in a stream of high priority
 * takes longer while a long one in a stream of low priority has all of the device than it does
 * alone: both in turns. Blocks are not stopped half-way for a stream of the same process: what the
 * short kernel waits for is the end of one of the long one's blocks, some of which end all the
 * time, or all at once. Facts: alone, us; long, us; block, us; missed, turns in which the long
 * kernel was over first. The results of both are verified.
 */
#include <stdlib.h>

#include "load.h"

#define SHORT_SECONDS 20e-6
#define LONG_SECONDS  8e-3
#define WAVES	      16  /* of blocks, one after the other, in the long kernel */
#define MISSES_MOST   100 /* turns in a row that do not count */

struct preemption {
	struct load brief, lasting;
	CUstream low, high;
	CUevent queued, over; /* around the long kernel */
	uint32_t random;
};

static int prepare(struct tenant *tenant)
{
	struct preemption *state = tenant->state = calloc(1, sizeof(*state));
	int least, greatest;

	if (!state)
		return tenant_fail(tenant, "no memory");
	state->random = tenant->order.seed;
	if (CALL(tenant, cu.CtxGetStreamPriorityRange(&least, &greatest)))
		return -1;
	if (least == greatest)
		return tenant_waive(tenant, "this device has no priorities of streams");
	if (CALL(tenant, cu.StreamCreateWithPriority(&state->low, CU_STREAM_NON_BLOCKING, least)) ||
	    CALL(tenant,
		 cu.StreamCreateWithPriority(&state->high, CU_STREAM_NON_BLOCKING, greatest)) ||
	    CALL(tenant, cu.EventCreate(&state->queued, CU_EVENT_DISABLE_TIMING)) ||
	    CALL(tenant, cu.EventCreate(&state->over, CU_EVENT_DISABLE_TIMING)) ||
	    load_open(tenant, &state->brief, LOAD_COMPUTE, 0, SHORT_SECONDS))
		return -1;
	return load_open(tenant, &state->lasting, LOAD_COMPUTE, WAVES * LOAD_BLOCKS, LONG_SECONDS);
}

/* Microseconds of the host for the short kernel. */
static int short_one(struct tenant *tenant, double *us)
{
	struct preemption *state = tenant->state;
	uint64_t start = now_ns();

	if (load_launch(tenant, &state->brief, state->high) ||
	    CALL(tenant, cu.StreamSynchronize(state->high)))
		return -1;
	*us = (now_ns() - start) / 1e3;
	return 0;
}

/* Starts the long kernel and waits until it is at work, for a time that differs each time. */
static int start_long(struct tenant *tenant)
{
	struct preemption *state = tenant->state;
	uint64_t until;

	if (CALL(tenant, cu.EventRecord(state->queued, state->low)) ||
	    load_launch(tenant, &state->lasting, state->low) ||
	    CALL(tenant, cu.EventRecord(state->over, state->low)) ||
	    CALL(tenant, cu.EventSynchronize(state->queued)))
		return -1;
	state->random = state->random * 1664525 + 1013904223;
	until = now_ns() + (uint64_t)(LONG_SECONDS / 4 * SECOND) + state->random % 1000000;
	while (now_ns() < until)
		;
	return 0;
}

static int run(struct tenant *tenant)
{
	struct preemption *state = tenant->state;
	unsigned int missed = 0, in_a_row = 0;
	double alone = 0, beside;

	while (sampling_more(tenant)) {
		CUresult over;

		if (short_one(tenant, &alone) || start_long(tenant) || short_one(tenant, &beside))
			return -1;
		over = cu.EventQuery(state->over);
		if (CALL(tenant, cu.StreamSynchronize(state->low)))
			return -1;
		in_a_row = over == CUDA_ERROR_NOT_READY ? 0 : in_a_row + 1;
		if (!in_a_row)
			sampling_add(tenant, beside - alone);
		missed += in_a_row > 0;
		if (in_a_row > MISSES_MOST)
			return tenant_invalid(tenant, "the long kernel was over before the short "
						      "one each time: they ran in turns");
	}
	tenant_fact(tenant, "alone=%.1f", alone);
	tenant_fact(tenant, "missed=%u", missed);
	return load_verify(tenant, &state->brief) || load_verify(tenant, &state->lasting) ? -1 : 0;
}

static void finish(struct tenant *tenant)
{
	struct preemption *state = tenant->state;

	if (!state)
		return;
	if (state->low)
		cu.StreamDestroy(state->low);
	if (state->high)
		cu.StreamDestroy(state->high);
	if (state->queued)
		cu.EventDestroy(state->queued);
	if (state->over)
		cu.EventDestroy(state->over);
	load_close(&state->brief);
	load_close(&state->lasting);
	free(state);
}

const struct work work_preemption = {
	.name = "preemption", .prepare = prepare, .run = run, .finish = finish};
