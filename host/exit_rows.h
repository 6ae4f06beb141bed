/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* exits.def as the host sees it: a name for every row and what must be seen when it runs. */
#ifndef EXITLAB_EXIT_ROWS_H
#define EXITLAB_EXIT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

/* Index of a row in exit_rows, in run order: ROW_user_empty, ..., and the number of rows. */
enum {
#define EXIT_ROW(wire, number, context, name, insn, path, vmx, svm, event, rule, needs, prose)     \
	ROW_##context##_##name,
#include "../guest-bench/exits.def"
#undef EXIT_ROW
	EXIT_ROWS
};

/* Who answers the exit: nobody (there is none), KVM in the kernel, QEMU in user space. */
enum exit_path { PATH_NONE, PATH_KVM, PATH_QEMU };

/* How often the expected exit must be counted in n executions. */
enum exit_rule {
	RULE_ONCE,  /* n times; no exit of another kind */
	RULE_MOST,  /* up to n times; no exit of another kind */
	RULE_LEAST, /* n times or more; others belong to it */
	RULE_OPEN,  /* none is demanded, all are listed */
};

#define NO_EXIT UINT32_MAX /* in exit_row.vmx and .svm of a row that may not exit */

struct exit_row {
	uint16_t wire;	     /* number in records and on the marker port */
	uint8_t number;	     /* measurement of docs/method.md; 0: control or extra row */
	const char *context; /* "user", "syscall", "kernel" */
	const char *id;	     /* "user.cpuid" */
	enum exit_path path;
	uint32_t vmx, svm; /* expected exit reason, for exit_reason_name(); NO_EXIT */
	const char *event; /* "cpuid" for kvm_cpuid, ...; NULL: none may fire */
	enum exit_rule rule;
	bool debugcon; /* it writes to debugcon, whose bytes can be counted */
	bool waits;    /* for its timer, another vCPU or a device: its path is not the same again */
	const char *prose;
};

extern const struct exit_row exit_rows[EXIT_ROWS];

/* Index of the row with this wire number, or -1. */
int exit_row_of_wire(uint16_t wire);

/* Is the row named in a comma-separated list? No list (NULL) names every row. */
bool exit_row_selected(const char *list, const char *id);

/* "none", "kvm" or "qemu". */
const char *exit_path_name(enum exit_path path);

/* The same where `exitlab floor` stands in for QEMU: "none", "kvm" or "vmm". */
const char *floor_path_name(enum exit_path path);

#endif
