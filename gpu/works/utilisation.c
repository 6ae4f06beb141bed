// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * utilisation: samples are what NVML reads as the device's utilisation, percent, while other
 * tenants work in the same window. It tells of the past up to a second, so that the first readings
 * are left out. Without NVML there is no sample.
 */
#include <time.h>

#include "../nvml.h"
#include "works.h"

#define PAST	(SECOND * 12 / 10)
#define BETWEEN (SECOND / 10)

static int run(struct tenant *tenant)
{
	uint64_t start = tenant->window.start ?: now_ns();

	while (sampling_more(tenant)) {
		int percent = nvml_utilisation();

		if (percent >= 0 && now_ns() - start >= PAST)
			sampling_add(tenant, percent);
		nanosleep(&(struct timespec){.tv_nsec = BETWEEN}, NULL);
	}
	return 0;
}

const struct work work_utilisation = {.name = "utilisation", .bare = true, .run = run};
