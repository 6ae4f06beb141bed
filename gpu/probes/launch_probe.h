/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF programs at the entry and the return of cuLaunchKernel, and a process that is a probe. */
#ifndef EXITLAB_PROBES_LAUNCH_PROBE_H
#define EXITLAB_PROBES_LAUNCH_PROBE_H

#include <stdbool.h>

#include <bpf/libbpf.h>

#include "../../host/gpumem_library.h"

struct launch_probe {
	const char *libcuda; /* NULL: what EXITLAB_LIBCUDA says, else what programs find */
	struct bpf_program *at_entry, *at_return; /* NULL: none */
	struct gpumem_library library;		  /* once found */
	size_t offset;
	struct bpf_link *entry, *exit;
};

/*
 * Attaches the programs for all processes that use the library, says "ready" with what a workload
 * needs to take turns, and so much more ("per=launch times=1"), and waits for the signal to end.
 * What is in ring (NULL: none) is handed on meanwhile, and once more when no program runs any more.
 * An exit code of util.h, with one line on stderr where it is not EXIT_OK.
 */
int launch_probe_run(struct launch_probe *probe, const char *more, int signals,
		     struct ring_buffer *ring);

/* Says why programs could not be loaded or attached, and is the exit code for it. */
int launch_probe_refused(int error);

/* How often a program ran, while BPF statistics are on. */
__u64 program_runs(const struct bpf_program *program);

#endif
