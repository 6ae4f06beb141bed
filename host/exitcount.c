// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loads the counting programs of exitcount.bpf.c for one process and reads their counters. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf_warning.h"
#include "exit_rows.h"
#include "exitcount.h"
#include "exitcount.skel.h"
#include "pid_namespace.h"
#include "process_of.h"
#include "util.h"

struct exitcount {
	struct exitcount_bpf *skel;
};

/* kvm_exit is the business of the vendor's module; the paravirtual one has no such exits. */
static bool kvm_exit_fires(void)
{
	return (!access("/sys/module/kvm_amd", F_OK) || !access("/sys/module/kvm_intel", F_OK)) &&
	       access("/sys/module/kvm_pvm", F_OK);
}

/*
 * Does the kernel's kvm_exit pass (context, vcpu, isa), as on_exit takes it? Older ones put the
 * reason first, and a program that takes one for the other counts nonsense.
 */
static bool kvm_exit_is_known(void)
{
	struct btf *vmlinux = btf__load_vmlinux_btf();
	struct btf *module = btf__load_module_btf("kvm", vmlinux);
	const struct btf *btf = module ? module : vmlinux;
	int id = btf ? btf__find_by_name_kind(btf, "btf_trace_kvm_exit", BTF_KIND_TYPEDEF) : -1;
	bool known = true; /* where there is none, loading says so */

	if (id >= 0) {
		const struct btf_type *pointer =
			btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
		const struct btf_type *function = btf__type_by_id(btf, pointer->type);

		known = btf_vlen(function) == 3;
	}
	btf__free(module);
	btf__free(vmlinux);
	return known;
}

/* Sets what the programs take for constants, and which of them are needed. */
static void configure(struct exitcount *counter, pid_t process, unsigned int flags)
{
	struct exitcount_bpf *skel = counter->skel;
	bool latency = flags & EXITCOUNT_LATENCY;
	bool lean = flags & EXITCOUNT_LEAN && kvm_exit_fires();

	skel->rodata->target_tgid = process;
	skel->rodata->use_markers = flags & EXITCOUNT_MARKERS;
	skel->rodata->use_latency = latency;
	bpf_program__set_autoload(skel->progs.on_entry, latency);
	bpf_map__set_autocreate(skel->maps.spans, latency);
	bpf_program__set_autoload(skel->progs.on_cpuid, !lean);
	bpf_program__set_autoload(skel->progs.on_msr, !lean);
	bpf_program__set_autoload(skel->progs.on_hypercall, !lean);
}

static struct exitcount *refuse(struct exitcount *counter, int error)
{
	exitcount_close(counter);
	errno = error;
	return NULL;
}

struct exitcount *exitcount_open(pid_t pid, unsigned int flags, char *why, size_t size)
{
	struct exitcount *counter;
	pid_t process = process_of(pid);
	int error;

	if (!process) {
		snprintf(why, size, "no process %d", pid);
		return refuse(NULL, ESRCH);
	}
	if (!in_first_pid_namespace()) {
		snprintf(why, size, "in a PID namespace of its own: run it in the host's");
		return refuse(NULL, ENOTSUP);
	}
	if (access("/sys/module/kvm", F_OK)) {
		snprintf(why, size, "the kernel has no KVM: modprobe kvm_amd or kvm_intel");
		return refuse(NULL, ENOTSUP);
	}
	if (access("/sys/kernel/btf/vmlinux", F_OK)) {
		snprintf(why, size, "the kernel has no BTF: it needs CONFIG_DEBUG_INFO_BTF=y");
		return refuse(NULL, ENOTSUP);
	}
	bpf_warning_keep();
	if (!kvm_exit_is_known()) {
		snprintf(why, size, "this kernel's kvm_exit has other arguments than Linux 6.1's");
		return refuse(NULL, ENOTSUP);
	}
	counter = calloc(1, sizeof(*counter));
	if (counter)
		counter->skel = exitcount_bpf__open();
	if (!counter || !counter->skel) {
		error = errno;
		snprintf(why, size, "cannot open the BPF programs: %s", strerror(error));
		return refuse(counter, error);
	}
	configure(counter, process, flags);
	error = -exitcount_bpf__load(counter->skel);
	if (!error)
		error = -exitcount_bpf__attach(counter->skel);
	if (error == EPERM)
		snprintf(why, size,
			 "no right to load BPF programs: run as root, or grant CAP_BPF and "
			 "CAP_PERFMON, and CAP_SYS_ADMIN for the types of modules");
	else if (error)
		snprintf(why, size, "cannot load the BPF programs: %s (%s)", strerror(error),
			 bpf_warning());
	return error ? refuse(counter, error) : counter;
}

void exitcount_close(struct exitcount *counter)
{
	if (!counter)
		return;
	exitcount_bpf__destroy(counter->skel);
	free(counter);
}

pid_t exitcount_process(const struct exitcount *counter)
{
	return counter->skel->rodata->target_tgid;
}

int exitcount_vendor(const struct exitcount *counter)
{
	/* KVM_ISA_* of the tracepoint: 1 VMX, 2 SVM, as enum vendor has them. */
	return counter->skel->bss->isa_seen;
}

const struct exitcount_row *exitcount_row(const struct exitcount *counter, unsigned int wire)
{
	const struct exitcount_row *row = &counter->skel->bss->rows[wire];

	return wire == 0 || row->opened ? row : NULL;
}

const __u64 *exitcount_latency(const struct exitcount *counter, unsigned int index)
{
	return counter->skel->bss->latency[index];
}

void exitcount_total(const struct exitcount *counter, struct exitcount_row *total)
{
	/* A row is nothing but counters. */
	__u64 *sum = (__u64 *)total;

	memset(total, 0, sizeof(*total));
	for (unsigned int wire = 0; wire < ROWS; wire++) {
		const __u64 *row = (const __u64 *)&counter->skel->bss->rows[wire];

		for (size_t i = 0; i < sizeof(*total) / sizeof(*sum); i++)
			sum[i] += row[i];
	}
}

char *exitcount_row_name(unsigned int wire, char *text, size_t size)
{
	int index = exit_row_of_wire(wire);

	if (index >= 0)
		snprintf(text, size, "%s", exit_rows[index].id);
	else
		snprintf(text, size, "wire.%u", wire);
	return text;
}

char *exitcount_exit_name(int vendor, unsigned int index, char *text, size_t size)
{
	const char *name = "other";

	if (index != REASON_OTHER)
		name = exit_reason_name(vendor, index_to_reason(index));
	if (name)
		snprintf(text, size, "%s", name);
	else
		snprintf(text, size, "%#x", index_to_reason(index));
	return text;
}

char *exitcount_userspace_name(unsigned int index, char *text, size_t size)
{
	const char *name = index == USERSPACE_ERROR   ? "error"
			   : index == USERSPACE_OTHER ? "other"
						      : userspace_exit_name(index);

	if (name)
		snprintf(text, size, "%s", name);
	else
		snprintf(text, size, "%u", index);
	return text;
}

static json_t *events_json(const struct exitcount *counter, const struct exitcount_row *row)
{
	json_t *events = json_object();

#define EVENT(name)                                                                                \
	if (bpf_program__autoload(counter->skel->progs.on_##name))                                 \
		json_object_set_new(events, #name, json_integer(row->events[EVENT_##name]));
	EXITCOUNT_EVENTS(EVENT)
#undef EVENT
	return events;
}

static json_t *row_json(const struct exitcount *counter, unsigned int wire)
{
	const struct exitcount_row *row = exitcount_row(counter, wire);
	int vendor = exitcount_vendor(counter);
	json_t *exits = json_object(), *userspace = json_object();
	char name[EXITCOUNT_NAME];

	for (unsigned int i = 0; i < REASONS; i++)
		if (row->exits[i])
			json_object_set_new(exits,
					    exitcount_exit_name(vendor, i, name, sizeof(name)),
					    json_integer(row->exits[i]));
	for (unsigned int i = 0; i < USERSPACE_EXITS; i++)
		if (row->userspace_exits[i])
			json_object_set_new(userspace,
					    exitcount_userspace_name(i, name, sizeof(name)),
					    json_integer(row->userspace_exits[i]));
	return json_pack("{s:I, s:o, s:o, s:o}", "opened", (json_int_t)row->opened, "exits", exits,
			 "userspace_exits", userspace, "events", events_json(counter, row));
}

static json_t *latency_json(const struct exitcount *counter)
{
	json_t *latency = json_object();
	char name[EXITCOUNT_NAME], lower[EXITCOUNT_NAME];

	for (unsigned int i = 0; i < REASONS; i++) {
		const __u64 *slots = exitcount_latency(counter, i);
		json_t *histogram = json_object();

		for (unsigned int slot = 0; slot < LATENCY_SLOTS; slot++) {
			snprintf(lower, sizeof(lower), "%llu", 1ull << slot);
			if (slots[slot])
				json_object_set_new(histogram, lower, json_integer(slots[slot]));
		}
		if (json_object_size(histogram))
			json_object_set(latency,
					exitcount_exit_name(exitcount_vendor(counter), i, name,
							    sizeof(name)),
					histogram);
		json_decref(histogram);
	}
	return latency;
}

/*
 * Events that came while their program was already running on that CPU: the kernel (5.12 and later)
 * counts them instead of running it. Whose they were nobody knows.
 */
static __u64 missed(const struct exitcount *counter)
{
	struct bpf_program *program;
	__u64 sum = 0;

	bpf_object__for_each_program(program, counter->skel->obj)
	{
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size))
			sum += info.recursion_misses;
	}
	return sum;
}

json_t *exitcount_json(struct exitcount *counter)
{
	int vendor = exitcount_vendor(counter);
	json_t *rows = json_object(), *proof;
	char name[EXITCOUNT_NAME];

	for (unsigned int wire = 1; wire < ROWS; wire++)
		if (exitcount_row(counter, wire))
			json_object_set_new(rows, exitcount_row_name(wire, name, sizeof(name)),
					    row_json(counter, wire));
	proof = json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:o, s:o}", "schema",
			  "exitlab-proof/1", "status", "ok", "reason", "", "vendor",
			  vendor_name(vendor), "kvm_exit", vendor != VENDOR_OTHER, "dropped",
			  (json_int_t)(counter->skel->bss->dropped + missed(counter)), "markers",
			  (json_int_t)counter->skel->bss->markers, "rows", rows, "outside",
			  row_json(counter, 0));
	if (proof && counter->skel->rodata->use_latency)
		json_object_set_new(proof, "latency", latency_json(counter));
	return proof;
}
