// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * uprobe NAME: a probe of the kernel on cuLaunchKernel, until SIGTERM. Its programs are timed as
 * they are; one that counts nothing is counted by the kernel in a run of its own, where that costs
 * nothing that is measured.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../../host/bpf_warning.h"
#include "../../host/stop_signals.h"
#include "../../host/util.h"
#include "choice.h"
#include "host_event.h"
#include "launch_probe.h"
#include "uprobe.skel.h"

static const struct kind {
	const char *name, *entry, *exit; /* names of programs */
} kinds[] = {
#define HOST_PROBE(name, entry, exit, prose) {#name, #entry, #exit},
#include "uprobe.def"
#undef HOST_PROBE
};

static const struct choice choices[] = {
#define HOST_PROBE(name, entry, exit, prose) {#name, prose},
#include "uprobe.def"
#undef HOST_PROBE
};

struct options {
	const struct kind *kind;
	struct launch_probe probe;
};

static int take_event(void *context, void *event, size_t size)
{
	uint64_t *events = context;

	(void)event;
	*events += size == sizeof(struct host_event);
	return 0;
}

static uint64_t sum_percpu(const struct uprobe_bpf *skel)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *counts = calloc(cpus > 0 ? cpus : 1, sizeof(*counts)), sum = 0;
	uint32_t zero = 0;

	if (!counts)
		die("no memory");
	if (!bpf_map_lookup_elem(bpf_map__fd(skel->maps.percpu), &zero, counts))
		for (int i = 0; i < cpus; i++)
			sum += counts[i];
	free(counts);
	return sum;
}

static uint64_t sum_hash(const struct uprobe_bpf *skel)
{
	int map = bpf_map__fd(skel->maps.hash);
	uint64_t key, next, count, sum = 0;
	bool first = true;

	while (!bpf_map_get_next_key(map, first ? NULL : &key, &next)) {
		if (!bpf_map_lookup_elem(map, &next, &count))
			sum += count;
		key = next;
		first = false;
	}
	return sum;
}

/* Only the programs of the kind are loaded. */
static struct bpf_program *program_of(struct uprobe_bpf *skel, const char *name)
{
	return bpf_object__find_program_by_name(skel->obj, name);
}

static int load(struct uprobe_bpf **skel, const struct kind *kind)
{
	struct bpf_program *program = NULL;

	bpf_warning_keep();
	*skel = uprobe_bpf__open();
	if (!*skel)
		return errno;
	while ((program = bpf_object__next_program((*skel)->obj, program)))
		bpf_program__set_autoload(program,
					  program == program_of(*skel, kind->entry) ||
						  program == program_of(*skel, kind->exit));
	return -uprobe_bpf__load(*skel);
}

static void say_done(const struct uprobe_bpf *skel, uint64_t events, uint64_t runs)
{
	uint64_t lost = skel->bss->lost;
	uint64_t hits = skel->bss->entries + skel->bss->exits + sum_percpu(skel) + sum_hash(skel) +
			events + runs + lost;

	printf("done hits=%" PRIu64 " lost=%" PRIu64 "\n", hits, lost);
}

/* Counts until the end. stats: of BPF, on; -1: off. */
static int watch(struct uprobe_bpf *skel, struct options *options, int signals, int stats)
{
	bool counts = strcmp(options->kind->name, "empty");
	struct launch_probe *probe = &options->probe;
	struct ring_buffer *ring;
	uint64_t events = 0;
	char more[64];
	int code;

	probe->at_entry = program_of(skel, options->kind->entry);
	probe->at_return = program_of(skel, options->kind->exit);
	ring = ring_buffer__new(bpf_map__fd(skel->maps.ring), take_event, &events, NULL);
	if (!ring)
		die("cannot map the ring buffer: %s", strerror(errno));
	snprintf(more, sizeof(more), "per=launch times=%d%s",
		 strcmp(options->kind->name, "both") ? 1 : 2,
		 counts || stats >= 0 ? "" : " proof=apart");
	code = launch_probe_run(probe, more, signals, ring);
	if (!code && (counts || stats >= 0))
		say_done(skel, events, counts ? 0 : program_runs(probe->at_entry));
	ring_buffer__free(ring);
	return code;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct uprobe_bpf *skel = NULL;
	int signals, stats = -1, code;

	options.kind = &kinds[choose(argc, argv,
				     "Probe cuLaunchKernel until SIGTERM, and say how often it was "
				     "called.",
				     choices, ARRAY_SIZE(choices), &options.probe.libcuda)];
	signals = stop_signals(0);
	if (signals < 0)
		die("signalfd: %s", strerror(errno));
	code = load(&skel, options.kind);
	if (code)
		return launch_probe_refused(code);
	if (getenv("EXITLAB_PROBE_PROVE") && !strcmp(options.kind->name, "empty")) {
		stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
		if (stats < 0)
			return launch_probe_refused(errno);
	}
	code = watch(skel, &options, signals, stats);
	uprobe_bpf__destroy(skel);
	return fflush(stdout) ? EXIT_FAILED : code;
}
