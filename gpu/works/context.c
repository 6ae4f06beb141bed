// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * context: the sample is microseconds of the host for cuCtxCreate in a process that has called
 * nothing but cuInit and what asks for the device's attributes. The first context of a process is
 * what an application waits for: the metric starts a tenant for each sample.
 */
#include "works.h"

static CUcontext created;

static int run(struct tenant *tenant)
{
	uint64_t ns = 0;

	if (tenant->context)
		return tenant_fail(tenant, "the tenant has a context already: a bug of the suite");
	for (uint32_t i = 0; i < tenant->order.repeat; i++) {
		uint64_t start;

		if (created && CALL(tenant, cu.CtxDestroy(created)))
			return -1;
		created = NULL;
		start = now_ns();
		if (CALL(tenant, cu.CtxCreate(&created, 0, tenant->device)))
			return -1;
		ns += now_ns() - start;
	}
	sampling_add(tenant, ns / 1e3);
	return CALL(tenant, cu.CtxSynchronize());
}

static void finish(struct tenant *tenant)
{
	(void)tenant;
	if (created)
		cu.CtxDestroy(created);
	created = NULL;
}

const struct work work_context = {.name = "context", .bare = true, .run = run, .finish = finish};
