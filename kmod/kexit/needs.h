/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the rows of exits.def need beside their instruction, by the names in the column needs. */
#ifndef EXITLAB_NEEDS_H
#define EXITLAB_NEEDS_H

#include <linux/types.h>

#include "kexit.h"

struct need {
	/* Once before a row runs. NULL, or why it cannot run here. */
	const char *(*prepare)(void);
	/* Around each batch, with interrupts off. */
	void (*begin)(void);
	void (*end)(void);
	uint32_t most;	 /* samples that a pass can have; 0: any number */
	bool interrupts; /* each sample takes one interrupt, which *insn_seen counts */
};

#define NEEDS(NEED)                                                                                \
	NEED(NOTHING)                                                                              \
	NEED(HYPERCALL)                                                                            \
	NEED(ELCR)                                                                                 \
	NEED(PM_TIMER)                                                                             \
	NEED(PIO)                                                                                  \
	NEED(PIO_MATCH)                                                                            \
	NEED(PIO_ANY)                                                                              \
	NEED(MMIO)                                                                                 \
	NEED(MMIO_MATCH)                                                                           \
	NEED(MMIO_ANY)                                                                             \
	NEED(FRESH)                                                                                \
	NEED(CR8)                                                                                  \
	NEED(CR0)                                                                                  \
	NEED(CR4)                                                                                  \
	NEED(GS_BASE)                                                                              \
	NEED(SPEC_CTRL)                                                                            \
	NEED(IBPB)                                                                                 \
	NEED(TSX_CTRL)                                                                             \
	NEED(TSC_ADJUST)                                                                           \
	NEED(DEADLINE)                                                                             \
	NEED(TIMER)                                                                                \
	NEED(IPI)                                                                                  \
	NEED(X2APIC)                                                                               \
	NEED(SPINNING)                                                                             \
	NEED(HALTED)                                                                               \
	NEED(ROBIN)

enum {
#define NEED(name) NEED_##name,
	NEEDS(NEED)
#undef NEED
};

extern const struct need needs[];

/* What the host has said (KEXIT_MACHINE). */
extern struct kexit_machine machine;

void needs_release(void); /* when the module goes */

#endif
