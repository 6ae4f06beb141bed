// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * pace: samples are the moments, in milliseconds of CLOCK_MONOTONIC_RAW, at which a product of
 * matrices was found complete. A few are always in flight, so that the device has no pause but
 * those that a limiter makes.
 */
#include <stdlib.h>

#include "gemm.h"
#include "works.h"

#define IN_FLIGHT 4

struct pace {
	struct gemm gemm;
	CUevent events[IN_FLIGHT];
	bool verified;
};

static int prepare(struct tenant *tenant)
{
	struct pace *pace = tenant->state = calloc(1, sizeof(*pace));

	if (!pace)
		return tenant_fail(tenant, "no memory");
	for (int i = 0; i < IN_FLIGHT; i++)
		if (CALL(tenant, cu.EventCreate(&pace->events[i], CU_EVENT_DISABLE_TIMING)))
			return -1;
	return gemm_prepare(tenant, &pace->gemm, tenant->order.argument[GEMM_N], 0);
}

static int launch(struct tenant *tenant, struct pace *pace, uint64_t i)
{
	for (uint32_t j = 0; j < tenant->order.repeat; j++)
		if (gemm_launch(tenant, &pace->gemm))
			return -1;
	return CALL(tenant, cu.EventRecord(pace->events[i % IN_FLIGHT], tenant->stream));
}

static int run(struct tenant *tenant)
{
	struct pace *pace = tenant->state;

	for (uint64_t i = 0; i < IN_FLIGHT; i++)
		if (launch(tenant, pace, i))
			return -1;
	for (uint64_t i = 0; sampling_more(tenant); i++) {
		if (CALL(tenant, cu.EventSynchronize(pace->events[i % IN_FLIGHT])))
			return -1;
		sampling_add(tenant, now_ns() / 1e6);
		if (launch(tenant, pace, i))
			return -1;
	}
	if (CALL(tenant, cu.StreamSynchronize(tenant->stream)))
		return -1;
	if (!pace->verified && gemm_verify(tenant, &pace->gemm))
		return -1;
	pace->verified = true;
	return 0;
}

static void finish(struct tenant *tenant)
{
	struct pace *pace = tenant->state;

	if (!pace)
		return;
	gemm_finish(&pace->gemm);
	for (int i = 0; i < IN_FLIGHT; i++)
		if (pace->events[i])
			cu.EventDestroy(pace->events[i]);
	free(pace);
}

const struct work work_pace = {.name = "pace", .prepare = prepare, .run = run, .finish = finish};
