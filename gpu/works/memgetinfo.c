// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* memgetinfo: samples are microseconds of the host for one cuMemGetInfo, a call without work. */
#include "works.h"

static int run(struct tenant *tenant)
{
	size_t available, total;

	while (sampling_more(tenant)) {
		uint64_t start = now_ns();

		for (uint32_t i = 0; i < tenant->order.repeat; i++)
			if (CALL(tenant, cu.MemGetInfo(&available, &total)))
				return -1;
		sampling_add(tenant, (now_ns() - start) / 1e3);
	}
	return 0;
}

const struct work work_memgetinfo = {.name = "memgetinfo", .run = run};
