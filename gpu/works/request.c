// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * request: what a service does for each of its clients: launch a short kernel, wait for it. Samples
 * as the argument wants them (request.h). Where stalls are looked for, every result is verified as
 * it comes; else all of them in the end. Facts: right_at, ns of CLOCK_MONOTONIC_RAW at the last
 * right result; requests, of this GO.
 */
#include <stdlib.h>

#include "load.h"
#include "request.h"

#define KERNEL_SECONDS 20e-6

static int prepare(struct tenant *tenant)
{
	bool once = tenant->order.argument[REQUEST_SAMPLE] == REQUEST_ONCE;

	tenant->state = calloc(1, sizeof(struct load));
	if (!tenant->state)
		return tenant_fail(tenant, "no memory");
	return load_open(tenant, tenant->state, LOAD_COMPUTE, 1, once ? 0 : KERNEL_SECONDS);
}

static int request(struct tenant *tenant)
{
	return load_launch(tenant, tenant->state, tenant->stream) ||
			       CALL(tenant, cu.StreamSynchronize(tenant->stream))
		       ? -1
		       : 0;
}

/* Samples: microseconds of each request. */
static int latencies(struct tenant *tenant)
{
	struct load *load = tenant->state;

	/* A new process is measured as it is: clocks that have not risen yet are a part of it. */
	if (tenant->order.argument[REQUEST_SAMPLE] == REQUEST_LATENCY)
		sampling_watch_clock(tenant);
	while (sampling_more(tenant)) {
		uint64_t start = now_ns();

		if (request(tenant))
			return -1;
		sampling_add(tenant, (now_ns() - start) / 1e3);
	}
	/* The last request may end after the window: whoever makes it wait does so, too. */
	if (tenant->window.end && tenant->busy.end > tenant->window.end)
		tenant->busy.end = tenant->window.end;
	if (load_verify(tenant, load))
		return -1;
	tenant_fact(tenant, "verified=%zu", load->bytes);
	return 0;
}

/* One sample: milliseconds of the longest stall. */
static int longest_stall(struct tenant *tenant)
{
	uint64_t last, now, longest = 0, requests = 0;

	last = tenant->busy.start = now_ns();
	while (tenant_in_window(tenant)) {
		if (request(tenant) || load_verify(tenant, tenant->state))
			return -1;
		now = now_ns();
		longest = now - last > longest ? now - last : longest;
		last = now;
		requests++;
	}
	sampling_add(tenant, longest / 1e6);
	tenant_fact(tenant, "requests=%ju", (uintmax_t)requests);
	return 0;
}

static int run(struct tenant *tenant)
{
	if (tenant->order.argument[REQUEST_SAMPLE] == REQUEST_STALL) {
		if (longest_stall(tenant))
			return -1;
	} else if (latencies(tenant)) {
		return -1;
	}
	tenant_fact(tenant, "right_at=%ju", (uintmax_t)now_ns());
	return 0;
}

static void finish(struct tenant *tenant)
{
	if (tenant->state)
		load_close(tenant->state);
	free(tenant->state);
}

const struct work work_request = {
	.name = "request", .prepare = prepare, .run = run, .finish = finish};
