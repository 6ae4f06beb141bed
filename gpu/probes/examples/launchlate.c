// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long the call cuLaunchKernel takes: a histogram. When the kernel starts is not seen from the
 * host, and not in it; the probes' own cost is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "../../../host/bpf_warning.h"
#include "../../../host/util.h"
#include "../launch_probe.h"
#include "example.h"
#include "launchlate.h"
#include "launchlate.skel.h"

static uint64_t sum_of(int map, uint32_t slot, uint64_t *each, int cpus)
{
	uint64_t sum = 0;

	if (!bpf_map_lookup_elem(map, &slot, each))
		for (int i = 0; i < cpus; i++)
			sum += each[i];
	return sum;
}

static void say(const struct launchlate_bpf *skel)
{
	int cpus = libbpf_num_possible_cpus(), map = bpf_map__fd(skel->maps.slots);
	uint64_t counts[LATENCY_SLOTS], hits = skel->bss->lost;
	uint64_t *each = calloc(cpus > 0 ? cpus : 1, sizeof(*each));

	if (!each)
		die("no memory");
	for (uint32_t slot = 0; slot < LATENCY_SLOTS; slot++) {
		counts[slot] = sum_of(map, slot, each, cpus);
		hits += counts[slot];
	}
	example_histogram("ns, at least", "calls", counts, LATENCY_SLOTS);
	printf("done hits=%" PRIu64 " lost=%" PRIu64 "\n", hits, (uint64_t)skel->bss->lost);
	free(each);
}

int main(int argc, char **argv)
{
	int signals =
		example_begin(argc, argv,
			      "Show how long the call cuLaunchKernel takes. It returns once the "
			      "launch is queued, which is not when the kernel starts: that "
			      "is not measured.");
	struct launch_probe probe = {0};
	struct launchlate_bpf *skel;
	int code;

	bpf_warning_keep();
	skel = launchlate_bpf__open_and_load();
	if (!skel)
		return launch_probe_refused(errno);
	probe.at_entry = skel->progs.on_entry;
	probe.at_return = skel->progs.on_return;
	code = launch_probe_run(&probe, "per=launch times=1", signals, NULL);
	if (!code)
		say(skel);
	launchlate_bpf__destroy(skel);
	return fflush(stdout) ? EXIT_FAILED : code;
}
