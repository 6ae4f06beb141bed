// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * launch_rate: samples are microseconds of the device for each empty kernel of a row of them, all
 * of which were queued before the first began. Facts: host, us of the host for each launch; and
 * ungated, samples for which the queue could not be filled first, where there are any.
 */
#include <stdlib.h>

#include "gate.h"

#define LAUNCHES 500 /* drivers queue about a thousand: a planted slowdown of 2 fits, too */

struct launch_rate {
	struct gate gate;
	CUfunction empty;
};

static int launch_all(struct tenant *tenant, const struct launch_rate *rate)
{
	for (uint32_t i = 0; i < LAUNCHES * tenant->order.repeat; i++)
		if (CALL(tenant, cu.LaunchKernel(rate->empty, 1, 1, 1, 1, 1, 1, 0, tenant->stream,
						 NULL, NULL)))
			return -1;
	return 0;
}

static int prepare(struct tenant *tenant)
{
	struct launch_rate *rate = tenant->state = calloc(1, sizeof(*rate));

	if (!rate)
		return tenant_fail(tenant, "no memory");
	if (gate_make(tenant, &rate->gate) || tenant_kernel(tenant, &rate->empty, "empty") ||
	    launch_all(tenant, rate))
		return -1;
	return CALL(tenant, cu.StreamSynchronize(tenant->stream));
}

static int run(struct tenant *tenant)
{
	struct launch_rate *rate = tenant->state;
	uint64_t host = 0, launches = 0;
	double seconds;
	bool held;

	sampling_watch_clock(tenant);
	while (sampling_more(tenant)) {
		uint64_t start;

		if (gate_close(tenant, &rate->gate) || tenant_timer_begin(tenant))
			return -1;
		start = now_ns();
		if (launch_all(tenant, rate))
			return -1;
		host += now_ns() - start;
		launches += LAUNCHES * tenant->order.repeat;
		held = gate_held(&rate->gate);
		if (tenant_timer_end(tenant, &seconds))
			return -1;
		if (held)
			sampling_add(tenant, seconds * 1e6 / LAUNCHES);
	}
	tenant_fact(tenant, "host=%.3f", host / 1e3 / launches);
	if (rate->gate.leaks)
		tenant_fact(tenant, "ungated=%ju", (uintmax_t)rate->gate.leaks);
	return 0;
}

static void finish(struct tenant *tenant)
{
	struct launch_rate *rate = tenant->state;

	if (rate)
		gate_free(&rate->gate);
	free(rate);
}

const struct work work_launch_rate = {
	.name = "launch_rate", .prepare = prepare, .run = run, .finish = finish};
