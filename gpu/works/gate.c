// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A kernel that spins for a known time, before what is to be timed. */
#include "gate.h"

#define CLOSED_FIRST 1000000ull /* ns */
#define CLOSED_MOST  64000000ull

int gate_make(struct tenant *tenant, struct gate *gate)
{
	*gate = (struct gate){.ns = CLOSED_FIRST};
	return tenant_kernel(tenant, &gate->spin, "spin") ||
			       CALL(tenant, cu.EventCreate(&gate->opened, CU_EVENT_DISABLE_TIMING))
		       ? -1
		       : 0;
}

int gate_close(struct tenant *tenant, struct gate *gate)
{
	unsigned long long ns = gate->ns;
	void *parameters[] = {&ns};

	if (!gate->ns)
		return 0;
	return CALL(tenant, cu.LaunchKernel(gate->spin, 1, 1, 1, 1, 1, 1, 0, tenant->stream,
					    parameters, NULL)) ||
			       CALL(tenant, cu.EventRecord(gate->opened, tenant->stream))
		       ? -1
		       : 0;
}

bool gate_held(struct gate *gate)
{
	if (!gate->ns) {
		gate->leaks++;
		return true;
	}
	if (cu.EventQuery(gate->opened) == CUDA_ERROR_NOT_READY)
		return true;
	gate->ns = gate->ns < CLOSED_MOST ? 2 * gate->ns : 0;
	return false;
}

void gate_free(struct gate *gate)
{
	if (gate->opened)
		cu.EventDestroy(gate->opened);
	*gate = (struct gate){0};
}
