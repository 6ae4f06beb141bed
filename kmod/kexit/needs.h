/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the rows of exits.def need beside their instruction, by the names in the column needs. */
#ifndef EXITLAB_NEEDS_H
#define EXITLAB_NEEDS_H

#include <linux/types.h>

#include "kexit.h"

struct need {
	/* Once before a row runs. NULL, or why it cannot run here: the words of its WAIVED record.
	 */
	const char *(*prepare)(void);
	/* Around each batch, with interrupts off. */
	void (*begin)(void);
	void (*end)(void);
	/* After each batch: did the device do what it was told to? NULL: nothing is to be seen. */
	bool (*verify)(void);
	uint32_t most;	 /* samples that a pass can have; 0: any number */
	bool counted;	 /* each sample takes one interrupt that the guest's own counters count */
	bool interrupts; /* each sample takes one interrupt, which *insn_seen counts */
	bool open;	 /* interrupts stay on in its samples */
};

/* need_NOTHING and so on, in needs_*.c: one that is missing there does not link. */
#define EXIT_ROW(wire, number, context, name, insn, path, vmx, svm, event, rule, needs, prose)     \
	extern const struct need need_##needs;
#include "exits.def"
#undef EXIT_ROW

/* What the host has said (KEXIT_MACHINE). */
extern struct kexit_machine machine;

/* When the module goes. */
void release_machine(void);
void release_interrupts(void);
void release_devices(void);

#endif
