// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * timeline: when this tenant had the device in the window, as one thread of it saw it. Samples are
 * the times at which it began and stopped running, in turns, in ns of the device's clock; of that
 * clock the low 50 bits, which a double holds exactly. Fact: tick, ns, the clock's smallest step.
 */
#include <stdlib.h>

#include "works.h"

#define EDGES	   8192u
#define STANDSTILL 20000ull /* ns: longer than anything but not running */
#define CLOCK_BITS 50

struct timeline {
	CUfunction kernel;
	CUdeviceptr edges, summary;
};

static int prepare(struct tenant *tenant)
{
	struct timeline *timeline = tenant->state = calloc(1, sizeof(*timeline));

	if (!timeline)
		return tenant_fail(tenant, "no memory");
	return tenant_kernel(tenant, &timeline->kernel, "timeline") ||
			       CALL(tenant, cu.MemAlloc(&timeline->edges, EDGES * 8)) ||
			       CALL(tenant, cu.MemAlloc(&timeline->summary, 2 * 8))
		       ? -1
		       : 0;
}

static int run(struct tenant *tenant)
{
	static uint64_t edges[EDGES];
	struct timeline *timeline = tenant->state;
	unsigned long long standstill = STANDSTILL, ns = tenant->window.end - tenant->window.start;
	unsigned int room = EDGES;
	void *parameters[] = {&timeline->edges, &room, &ns, &standstill, &timeline->summary};
	uint64_t summary[2], end;

	tenant->busy.start = now_ns();
	if (CALL(tenant, cu.LaunchKernel(timeline->kernel, 1, 1, 1, 1, 1, 1, 0, tenant->stream,
					 parameters, NULL)) ||
	    CALL(tenant, cu.StreamSynchronize(tenant->stream)))
		return -1;
	end = now_ns();
	if (CALL(tenant, cu.MemcpyDtoH(summary, timeline->summary, sizeof(summary))))
		return -1;
	if (summary[0] > EDGES || summary[0] < 2)
		return tenant_invalid(tenant, "%ju edges, not 2 to %u", (uintmax_t)summary[0],
				      EDGES);
	if (CALL(tenant, cu.MemcpyDtoH(edges, timeline->edges, summary[0] * sizeof(*edges))))
		return -1;
	for (uint64_t i = 0; i < summary[0]; i++)
		sampling_add(tenant, edges[i] & ((1ull << CLOCK_BITS) - 1));
	tenant->busy.end = end;
	tenant_fact(tenant, "tick=%ju", (uintmax_t)summary[1]);
	return 0;
}

static void finish(struct tenant *tenant)
{
	struct timeline *timeline = tenant->state;

	if (!timeline)
		return;
	if (timeline->edges)
		cu.MemFree(timeline->edges);
	if (timeline->summary)
		cu.MemFree(timeline->summary);
	free(timeline);
}

const struct work work_timeline = {
	.name = "timeline", .prepare = prepare, .run = run, .finish = finish};
