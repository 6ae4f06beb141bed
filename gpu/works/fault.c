// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fault: the sample is microseconds from the launch of a kernel with an illegal access to the
 * return of its error; in a window, the access is in its middle. Facts: error, its name; error_at,
 * ns of CLOCK_MONOTONIC_RAW. The context is broken afterwards: such a tenant is to be thrown away.
 */
#include <unistd.h>

#include "works.h"

#define NOWHERE 0x10 /* in the first page, where no driver puts anything */

static CUfunction kernel;

static int prepare(struct tenant *tenant)
{
	return tenant_kernel(tenant, &kernel, "fault");
}

static void wait_for_middle(const struct window *window)
{
	uint64_t middle = window->start + (window->end - window->start) / 2, now;

	while ((now = now_ns()) < middle)
		usleep((middle - now) / 1000 / 2);
}

static int run(struct tenant *tenant)
{
	CUdeviceptr nowhere = NOWHERE;
	void *parameters[] = {&nowhere};
	CUresult error;
	uint64_t start;

	if (tenant->window.end)
		wait_for_middle(&tenant->window);
	start = tenant->busy.start = now_ns();
	error = cu.LaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, tenant->stream, parameters, NULL);
	if (!error)
		error = cu.StreamSynchronize(tenant->stream);
	sampling_add(tenant, (now_ns() - start) / 1e3);
	if (!error)
		return tenant_fail(tenant, "a store to address 0x%x gave no error", NOWHERE);
	tenant_fact(tenant, "error=%s", driver_error(error));
	tenant_fact(tenant, "error_at=%ju", (uintmax_t)tenant->busy.end);
	return 0;
}

const struct work work_fault = {.name = "fault", .prepare = prepare, .run = run};
