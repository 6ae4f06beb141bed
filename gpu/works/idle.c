// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * idle, idle_bare: samples are the CPU time of the whole process, its driver's threads among it, in
 * percent of one CPU, over slices in which it sleeps in the kernel. idle has a context that has
 * worked; idle_bare has none: what it takes is our own. argument[0]: slices; the cap is their sum.
 */
#include <sys/resource.h>
#include <time.h>

#include "works.h"

static int prepare(struct tenant *tenant)
{
	CUfunction empty;

	if (tenant_kernel(tenant, &empty, "empty") ||
	    CALL(tenant, cu.LaunchKernel(empty, 1, 1, 1, 1, 1, 1, 0, tenant->stream, NULL, NULL)))
		return -1;
	return CALL(tenant, cu.StreamSynchronize(tenant->stream));
}

/* Microseconds that all threads of the process have had of a CPU. */
static double cpu_time(struct rusage *usage)
{
	getrusage(RUSAGE_SELF, usage);
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e6 + usage->ru_utime.tv_usec +
	       usage->ru_stime.tv_usec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec time;
	uint64_t now;

	while ((now = now_ns()) < ns) {
		time.tv_sec = (ns - now) / SECOND;
		time.tv_nsec = (ns - now) % SECOND;
		nanosleep(&time, NULL);
	}
}

static int run(struct tenant *tenant)
{
	uint64_t slices = tenant->order.argument[0] ?: 1, first = now_ns(), start = first;
	struct rusage before, after;
	double used = cpu_time(&before), all = used;
	long switches = before.ru_nvcsw;

	for (uint64_t i = 1; i <= slices; i++) {
		double then = used;
		uint64_t end;

		sleep_until(first + (uint64_t)(tenant->order.cap * SECOND / slices * i));
		used = cpu_time(&after);
		end = now_ns();
		sampling_add(tenant, (used - then) * 1e3 / (end - start) * 100);
		start = end;
	}
	tenant_fact(tenant, "mean=%.6f", (used - all) * 1e3 / (start - first) * 100);
	tenant_fact(tenant, "wakeups=%.1f",
		    (after.ru_nvcsw - switches) / ((start - first) / (double)SECOND));
	return 0;
}

const struct work work_idle = {.name = "idle", .prepare = prepare, .run = run};
const struct work work_idle_bare = {.name = "idle_bare", .bare = true, .run = run};
