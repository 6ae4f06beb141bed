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
 * Attaches the programs for all processes that use the library. An exit code of util.h, with one
 * line on stderr where it is not EXIT_OK.
 */
int launch_probe_attach(struct launch_probe *probe);

/* Detaches or attaches them again: what turns_probe.h has of a struct launch_probe. */
int launch_probe_turn(void *probe, bool on);

/* When it returns none of them runs any more. */
void launch_probe_detach(struct launch_probe *probe);

/* Says why programs could not be loaded or attached, and is the exit code for it. */
int launch_probe_refused(int error);

/* How often a program ran, while BPF statistics are on. */
__u64 program_runs(const struct bpf_program *program);

/*
 * Waits for the signal to end; meanwhile, where ring is not NULL, hands on what is in it, and once
 * more at the end.
 */
void probe_until_end(int signals, struct ring_buffer *ring);

#endif
