/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What this host can do for exitlab: one table of checks, each a probe that tries. A probe changes
 * nothing that outlives it, and has a process of its own, so that one that hangs or crashes is an
 * answer, too.
 */
#ifndef EXITLAB_DOCTOR_H
#define EXITLAB_DOCTOR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* denied: it is there, and this user may not use it. */
enum doctor_state { DOCTOR_OK, DOCTOR_MISSING, DOCTOR_DENIED };

/* "ok", "missing" or "denied". */
const char *doctor_state_name(enum doctor_state state);

/*
 * What a probe found: plain bytes, since it crosses a pipe. fix is a command, or a comment for a
 * shell ("# ...") where no command helps; empty where nothing is to be fixed.
 */
struct doctor_finding {
	enum doctor_state state;
	char detail[200], fix[PATH_MAX + 64];
};

/* Where to look. */
struct doctor_host {
	const char *root; /* before every path of procfs, sysfs, devfs and programs; "" or a tree */
	const char *results; /* directory of the archive */
	const char *cache;   /* of kernels and packages */
};

struct doctor_check;

typedef void doctor_probe(const struct doctor_host *host, const struct doctor_check *check,
			  struct doctor_finding *finding);

struct doctor_check {
	const char *name;
	const char *purpose; /* what of exitlab takes it */
	doctor_probe *probe;
	const char *argument; /* of the probe; NULL for most */
	const char *fix;      /* as above, where the probe gives none; NULL none */
};

/* In the order of need; ends with an empty line. */
extern const struct doctor_check doctor_checks[];

/* Runs the check's probe; missing, with the reason, where it crashes or does not end in time. */
extern int doctor_deadline_ms;
void doctor_examine(const struct doctor_host *host, const struct doctor_check *check,
		    struct doctor_finding *finding);

/*
 * One thing that exitlab does and the names of the checks that it takes, separated by blanks: of
 * two routes the first that is open is taken. What it wants besides makes the first one better.
 */
struct doctor_ability {
	const char *name, *command;
	struct {
		const char *where, *needs;
	} route[2];
	const char *wants; /* of the first route */
};

extern const struct doctor_ability doctor_abilities[];

/*
 * The route of an ability that is open, -1 none; findings are those of doctor_checks, in their
 * order. In lacks: with the first route what is wanted and not there, with the second what the
 * first one needs, with none what the last one needs.
 */
int doctor_route(const struct doctor_ability *ability, const struct doctor_finding *findings,
		 char *lacks, size_t size);

/* For probes. */

/* Fills in the finding, printf-style; of the text what is no ASCII becomes "?". */
void doctor_found(struct doctor_finding *finding, enum doctor_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void doctor_fix(struct doctor_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Denied or missing, by errno; what failed, printf-style, and why. */
void doctor_failed(struct doctor_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts in place of a word with an @ what it is here: see host/doctor_fix.c. */
void doctor_expand_fix(const struct doctor_host *host, struct doctor_finding *finding);

/* Root and path in one, printf-style. */
void doctor_path(const struct doctor_host *host, char path[PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The first line of a file below root. False, with errno and an empty line, where there is none. */
bool doctor_line(const struct doctor_host *host, char *line, size_t size, const char *path);

/* The file of a program in PATH or where such programs lie besides. False where there is none. */
bool doctor_program(const struct doctor_host *host, const char *name, char path[PATH_MAX]);

/* Runs argv and keeps what it prints, its errors too. Its exit status, -1 where it did not run. */
int doctor_run(char *const *argv, char *output, size_t size);

/* host/doctor_kvm.c */
doctor_probe doctor_kvm, doctor_kvm_kernel, doctor_vendor, doctor_nested;

/* host/doctor_trace.c */
doctor_probe doctor_bpf, doctor_btf, doctor_tracefs;

/* host/doctor_programs.c */
doctor_probe doctor_guest, doctor_part, doctor_qemu, doctor_qemu_help, doctor_lab, doctor_bochs,
	doctor_bochs_file, doctor_tool, doctor_static, doctor_nvcc, doctor_headers;

/* host/doctor_system.c */
doctor_probe doctor_root, doctor_cpus, doctor_memlock, doctor_room, doctor_cgroup,
	doctor_boot_parameters, doctor_hugepages, doctor_modules;

/* host/doctor_gpumem.c */
doctor_probe doctor_uprobes, doctor_uprobe_multi, doctor_libcuda, doctor_library;

/* host/doctor_devices.c */
doctor_probe doctor_iommu, doctor_vfio, doctor_gpu, doctor_nvidia;

#endif
