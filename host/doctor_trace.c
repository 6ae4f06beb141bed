// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the proof of a run takes: BPF programs, the kernel's types, the tracepoints of KVM. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "doctor.h"
#include "util.h"

static int say_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

void doctor_bpf(const struct doctor_host *host, const struct doctor_check *check,
		struct doctor_finding *finding)
{
	/* Two rights are asked for: CAP_BPF for any program, CAP_PERFMON for one that traces. */
	static const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd;

	(void)host, (void)check;
	libbpf_set_print(say_nothing);
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "doctor", "Dual BSD/GPL", program,
			   ARRAY_SIZE(program), NULL);
	if (fd >= 0) {
		doctor_found(finding, DOCTOR_OK, "a tracing program was loaded");
		close(fd);
		return;
	}
	doctor_failed(finding, "bpf(), which takes CAP_BPF and CAP_PERFMON");
	if (finding->state == DOCTOR_DENIED)
		doctor_fix(finding, "sudo -s");
	else
		doctor_fix(finding, "# run a kernel with CONFIG_BPF_SYSCALL=y");
}

void doctor_btf(const struct doctor_host *host, const struct doctor_check *check,
		struct doctor_finding *finding)
{
	char path[PATH_MAX];
	struct btf *btf;

	(void)check;
	doctor_path(host, path, "/sys/kernel/btf/vmlinux");
	libbpf_set_print(say_nothing);
	btf = btf__parse(path, NULL);
	if (!btf && errno >= __LIBBPF_ERRNO__START) {
		doctor_found(finding, DOCTOR_MISSING, "/sys/kernel/btf/vmlinux is no BTF");
		return;
	}
	if (!btf) {
		doctor_failed(finding, "/sys/kernel/btf/vmlinux");
		return;
	}
	doctor_found(finding, DOCTOR_OK, "%u types of the running kernel", btf__type_cnt(btf));
	btf__free(btf);
}

void doctor_tracefs(const struct doctor_host *host, const struct doctor_check *check,
		    struct doctor_finding *finding)
{
	static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	char path[PATH_MAX];

	(void)check;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		doctor_path(host, path, "%s/events", places[i]);
		if (access(path, R_OK | X_OK)) {
			/* The first place tells, but for one that is only mounted at the second. */
			if (!finding->detail[0] || errno == EACCES)
				doctor_failed(finding, "%s", places[i]);
			continue;
		}
		doctor_path(host, path, "%s/events/kvm/kvm_entry/id", places[i]);
		if (access(path, R_OK)) {
			doctor_failed(finding, "%s: no events of KVM", places[i]);
			if (finding->state == DOCTOR_MISSING)
				doctor_fix(finding, "sudo modprobe kvm");
			else
				doctor_fix(finding, "sudo -s");
			return;
		}
		doctor_found(finding, DOCTOR_OK, "%s has the events of KVM", places[i]);
		return;
	}
	if (finding->state == DOCTOR_DENIED)
		doctor_fix(finding, "sudo -s");
	else
		doctor_fix(finding, "sudo mount -t tracefs tracefs /sys/kernel/tracing");
}
