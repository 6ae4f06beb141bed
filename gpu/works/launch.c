// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * launch: samples are microseconds of the host for one cuLaunchKernel of an empty kernel. The queue
 * is emptied outside the time that is taken, long before it could be full.
 */
#include "launch.h"
#include "works.h"

#define QUEUED 64 /* launches before the queue is emptied; drivers take a thousand */

static CUfunction empty;

static int prepare(struct tenant *tenant)
{
	if (tenant_kernel(tenant, &empty, "empty"))
		return -1;
	for (int i = 0; i < 1000; i++)
		if (CALL(tenant,
			 cu.LaunchKernel(empty, 1, 1, 1, 1, 1, 1, 0, tenant->stream, NULL, NULL)))
			return -1;
	return CALL(tenant, cu.StreamSynchronize(tenant->stream));
}

static int run(struct tenant *tenant)
{
	uint64_t pause = tenant->order.argument[LAUNCH_PAUSE];
	unsigned int queued = 0;

	while (sampling_more(tenant)) {
		uint64_t start = now_ns();

		for (uint32_t i = 0; i < tenant->order.repeat; i++)
			if (CALL(tenant, cu.LaunchKernel(empty, 1, 1, 1, 1, 1, 1, 0, tenant->stream,
							 NULL, NULL)))
				return -1;
		sampling_add(tenant, (now_ns() - start) / 1e3);
		queued += tenant->order.repeat;
		if ((pause || queued >= QUEUED) &&
		    CALL(tenant, cu.StreamSynchronize(tenant->stream)))
			return -1;
		queued %= QUEUED;
		for (start = now_ns(); pause && now_ns() - start < pause;)
			;
	}
	return CALL(tenant, cu.StreamSynchronize(tenant->stream));
}

const struct work work_launch = {.name = "launch", .prepare = prepare, .run = run};
