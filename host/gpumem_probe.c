// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf_warning.h"
#include "clock.h"
#include "gpumem.skel.h"
#include "gpumem_attach.h"
#include "gpumem_probe.h"
#include "gpumem_ring.h"
#include "gpumem_summary.h"
#include "pid_namespace.h"
#include "util.h"

struct gpumem_probe {
	struct gpumem_bpf *skel;
	struct gpumem_ring ring;
	uint64_t events; /* read from it */
	struct gpumem_summary_reader summary;
	struct gpumem_links entries, returns;
};

static bool may_here(int *code)
{
	*code = EXIT_CANNOT;
	if (!in_first_pid_namespace())
		pr_err("in a PID namespace of its own: run it in the host's");
	else if (access("/sys/kernel/btf/vmlinux", F_OK))
		pr_err("the kernel has no BTF: it needs CONFIG_DEBUG_INFO_BTF=y");
	else
		*code = EXIT_OK;
	return *code == EXIT_OK;
}

static void configure(struct gpumem_bpf *skel, const struct gpumem_scope *scope)
{
	skel->rodata->filter = scope->process ? GPUMEM_TARGETS : GPUMEM_ALL;
	skel->rodata->wake_at = scope->ring_bytes / 8;
	skel->rodata->match_name = scope->name;
	if (scope->name)
		strncpy((char *)skel->rodata->name_wanted, scope->name, GPUMEM_NAME - 1);
	skel->rodata->with_stacks = scope->stacks;
	skel->rodata->summary_only = scope->summary_only;
	bpf_map__set_max_entries(skel->maps.events, scope->ring_bytes);
	if (!scope->stacks)
		bpf_map__set_max_entries(skel->maps.stacks_sent, 1);
	if (scope->summary_only) {
		bpf_map__set_max_entries(skel->maps.events, sysconf(_SC_PAGESIZE));
		bpf_map__set_max_entries(skel->maps.live_pointers, scope->pointers);
	}
	bpf_program__set_autoload(skel->progs.on_fork, scope->follow);
}

static int add_target(struct gpumem_bpf *skel, pid_t process)
{
	struct gpumem_process target = {.target = true};
	__u32 id = process;

	return bpf_map__update_elem(skel->maps.processes, &id, sizeof(id), &target, sizeof(target),
				    BPF_ANY);
}

static void say_why(int error, int *code)
{
	*code = error == EPERM || error == EACCES ? EXIT_CANNOT : EXIT_FAILED;
	if (*code == EXIT_CANNOT)
		pr_err("no right to load BPF programs and to probe: run as root, or sudo setcap "
		       "cap_bpf,cap_perfmon+ep on exitlab");
	else
		pr_err("cannot trace: %s (%s)", strerror(error), bpf_warning());
}

static void release(struct gpumem_probe *probe)
{
	gpumem_probe_stop(probe);
	gpumem_ring_close(&probe->ring);
	gpumem_summary_end(&probe->summary);
	gpumem_bpf__destroy(probe->skel);
	probe->skel = NULL;
}

/* All calls at one moment: the probes were put one after the other. */
static void trace_from_now(struct gpumem_bpf *skel)
{
	skel->bss->since = now_ns();
	skel->bss->tracing = true;
}

/* 0 or an errno; then nothing of it is left. together: as gpumem_attach() has it. */
static int start(struct gpumem_probe *probe, const struct gpumem_library *library,
		 const struct gpumem_scope *scope, bool together)
{
	int error;

	probe->skel = gpumem_bpf__open();
	if (!probe->skel)
		return errno;
	configure(probe->skel, scope);
	gpumem_attach_prepare(probe->skel->progs.on_call, together);
	gpumem_attach_prepare(probe->skel->progs.on_return, together);
	error = -gpumem_bpf__load(probe->skel);
	if (!error && scope->process)
		error = -add_target(probe->skel, scope->process);
	/* Those that know of the life of processes, before any has called. */
	if (!error)
		error = -gpumem_bpf__attach(probe->skel);
	if (!error && gpumem_ring_open(&probe->ring, bpf_map__fd(probe->skel->maps.events),
				       bpf_map__max_entries(probe->skel->maps.events)))
		error = errno;
	/* The returns first, so that no entry is without its return. */
	if (!error)
		error = -gpumem_attach(&probe->returns, probe->skel->progs.on_return, library, true,
				       together);
	if (!error)
		error = -gpumem_attach(&probe->entries, probe->skel->progs.on_call, library, false,
				       together);
	if (error)
		release(probe);
	else
		trace_from_now(probe->skel);
	return error;
}

struct gpumem_probe *gpumem_probe_open(const struct gpumem_library *library,
				       const struct gpumem_scope *scope, int *code)
{
	struct gpumem_probe *probe;
	int error;

	if (!may_here(code))
		return NULL;
	bpf_warning_keep();
	probe = calloc(1, sizeof(*probe));
	if (!probe)
		die("no memory");
	error = start(probe, library, scope, true);
	if (error == EINVAL) /* a kernel older than 6.6 */
		error = start(probe, library, scope, false);
	if (!error)
		return probe;
	say_why(error, code);
	free(probe);
	return NULL;
}

long gpumem_probe_read(struct gpumem_probe *probe, void (*take)(void *context, const void *event),
		       void *context)
{
	long number = gpumem_ring_read(&probe->ring, take, context);

	if (number < 0)
		pr_err("cannot map the buffer of events: %s", strerror(errno));
	else
		probe->events += number;
	return number;
}

int gpumem_probe_read_summary(struct gpumem_probe *probe, struct gpumem_accounts *accounts)
{
	probe->summary.summaries = bpf_map__fd(probe->skel->maps.summaries);
	probe->summary.pointers = bpf_map__fd(probe->skel->maps.live_pointers);
	probe->summary.peak_bytes = (const uint64_t *)&probe->skel->bss->all_peak_bytes;
	return gpumem_summary_read(&probe->summary, accounts);
}

int gpumem_probe_fd(const struct gpumem_probe *probe)
{
	return probe->ring.map;
}

void gpumem_probe_stop(struct gpumem_probe *probe)
{
	if (probe->skel)
		probe->skel->bss->tracing = false;
	gpumem_detach(&probe->entries);
	gpumem_detach(&probe->returns);
	gpumem_bpf__detach(probe->skel);
}

static uint64_t misses(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size)
		       ? 0
		       : info.recursion_misses;
}

void gpumem_probe_lost(const struct gpumem_probe *probe, struct gpumem_lost *lost)
{
	const struct gpumem_bpf *skel = probe->skel;

	for (size_t type = 0; type < GPUMEM_TYPES; type++)
		lost->dropped[type] = skel->bss->dropped[type];
	lost->untracked = skel->bss->untracked;
	lost->stackless = skel->bss->stackless;
	lost->pointers = skel->bss->unfit;
	lost->missed = misses(skel->progs.on_call) + misses(skel->progs.on_return);
}

void gpumem_probe_traffic(const struct gpumem_probe *probe, struct gpumem_traffic *traffic)
{
	*traffic = (struct gpumem_traffic){0};
	if (probe->skel->rodata->summary_only)
		return;
	traffic->events = probe->events;
	traffic->ring_bytes = probe->ring.size;
	traffic->ring_most_bytes = probe->ring.most_bytes;
}

void gpumem_probe_close(struct gpumem_probe *probe)
{
	if (!probe)
		return;
	release(probe);
	free(probe);
}
