// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * streams: samples are how many times faster the same small kernels, of one block each, are in
 * argument[0] streams than in one. Both in turns, all kernels queued before the first begins, their
 * results verified. Facts: kernel, us of one; ungated, as launch_rate has it.
 */
#include <stdlib.h>

#include "gate.h"
#include "load.h"

#define STREAMS_MOST   16
#define KERNELS	       32
#define KERNEL_SECONDS 100e-6

struct streams {
	struct gate gate;
	struct load load;
	CUstream stream[STREAMS_MOST];
	CUevent joined[STREAMS_MOST], begun;
	unsigned int count;
};

static int prepare(struct tenant *tenant)
{
	struct streams *streams = tenant->state = calloc(1, sizeof(*streams));

	if (!streams)
		return tenant_fail(tenant, "no memory");
	streams->count = tenant->order.argument[0];
	if (!streams->count || streams->count > STREAMS_MOST)
		return tenant_fail(tenant, "streams: 1 to %d of them", STREAMS_MOST);
	if (gate_make(tenant, &streams->gate) ||
	    load_open(tenant, &streams->load, LOAD_COMPUTE, 0, KERNEL_SECONDS) ||
	    CALL(tenant, cu.EventCreate(&streams->begun, CU_EVENT_DISABLE_TIMING)))
		return -1;
	for (unsigned int i = 0; i < streams->count; i++)
		if (CALL(tenant, cu.StreamCreateWithPriority(&streams->stream[i],
							     CU_STREAM_NON_BLOCKING, 0)) ||
		    CALL(tenant, cu.EventCreate(&streams->joined[i], CU_EVENT_DISABLE_TIMING)))
			return -1;
	return 0;
}

/* All kernels over so many streams, which begin and end together, as the tenant's stream sees it.
 */
static int spread(struct tenant *tenant, struct streams *streams, unsigned int count)
{
	if (CALL(tenant, cu.EventRecord(streams->begun, tenant->stream)))
		return -1;
	for (unsigned int i = 0; i < count; i++)
		if (CALL(tenant, cu.StreamWaitEvent(streams->stream[i], streams->begun, 0)))
			return -1;
	for (unsigned int i = 0; i < KERNELS; i++)
		if (load_launch(tenant, &streams->load, streams->stream[i % count]))
			return -1;
	for (unsigned int i = 0; i < count; i++)
		if (CALL(tenant, cu.EventRecord(streams->joined[i], streams->stream[i])) ||
		    CALL(tenant, cu.StreamWaitEvent(tenant->stream, streams->joined[i], 0)))
			return -1;
	return 0;
}

/* Seconds of all kernels over so many streams; until everything was queued in time. */
static int timed_spread(struct tenant *tenant, unsigned int count, double *seconds)
{
	struct streams *streams = tenant->state;
	bool held;

	do {
		if (gate_close(tenant, &streams->gate) || tenant_timer_begin(tenant) ||
		    spread(tenant, streams, count))
			return -1;
		held = gate_held(&streams->gate);
		if (tenant_timer_end(tenant, seconds))
			return -1;
	} while (!held);
	return 0;
}

static int run(struct tenant *tenant)
{
	struct streams *streams = tenant->state;
	double one, many, kernel = 0;

	sampling_watch_clock(tenant);
	while (sampling_more(tenant)) {
		if (timed_spread(tenant, 1, &one) || timed_spread(tenant, streams->count, &many))
			return -1;
		kernel = one / KERNELS;
		sampling_add(tenant, one / many);
	}
	tenant_fact(tenant, "kernel=%.1f", kernel * 1e6);
	if (streams->gate.leaks)
		tenant_fact(tenant, "ungated=%ju", (uintmax_t)streams->gate.leaks);
	return load_verify(tenant, &streams->load);
}

static void finish(struct tenant *tenant)
{
	struct streams *streams = tenant->state;

	if (!streams)
		return;
	for (unsigned int i = 0; i < STREAMS_MOST; i++) {
		if (streams->stream[i])
			cu.StreamDestroy(streams->stream[i]);
		if (streams->joined[i])
			cu.EventDestroy(streams->joined[i]);
	}
	if (streams->begun)
		cu.EventDestroy(streams->begun);
	load_close(&streams->load);
	gate_free(&streams->gate);
	free(streams);
}

const struct work work_streams = {
	.name = "streams", .prepare = prepare, .run = run, .finish = finish};
