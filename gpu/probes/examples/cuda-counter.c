// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How often each process launched each kernel. */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>

#include <bpf/bpf.h>

#include "../../../host/bpf_warning.h"
#include "../../../host/util.h"
#include "../launch_probe.h"
#include "cuda-counter.h"
#include "cuda-counter.skel.h"
#include "example.h"

static void say(const struct cuda_counter_bpf *skel)
{
	int map = bpf_map__fd(skel->maps.counts);
	uint64_t hits = skel->bss->lost;
	struct counter_key key, next;
	struct counter_value value;
	bool first = true;

	printf("%8s  %18s  %10s  %14s\n", "process", "kernel", "launches", "blocks");
	for (; !bpf_map_get_next_key(map, first ? NULL : &key, &next); first = false) {
		key = next;
		if (bpf_map_lookup_elem(map, &key, &value))
			continue;
		printf("%8u  %#18llx  %10llu  %14llu\n", key.process, key.function, value.launches,
		       value.blocks);
		hits += value.launches;
	}
	printf("done hits=%" PRIu64 " lost=%" PRIu64 "\n", hits, (uint64_t)skel->bss->lost);
}

int main(int argc, char **argv)
{
	int signals = example_begin(argc, argv, "Count the kernels that processes launch.");
	struct launch_probe probe = {0};
	struct cuda_counter_bpf *skel;
	int code;

	bpf_warning_keep();
	skel = cuda_counter_bpf__open_and_load();
	if (!skel)
		return launch_probe_refused(errno);
	probe.at_entry = skel->progs.on_launch;
	code = launch_probe_run(&probe, "per=launch times=1", signals, NULL);
	if (!code)
		say(skel);
	cuda_counter_bpf__destroy(skel);
	return fflush(stdout) ? EXIT_FAILED : code;
}
