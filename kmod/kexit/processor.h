/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The second vCPU, where the guest has one: a target for interrupts. */
#ifndef EXITLAB_PROCESSOR_H
#define EXITLAB_PROCESSOR_H

/* Two pages of memory that neither firmware nor Linux uses; offsets in them. */
#define PROCESSOR_PAGE	  0x8000
#define PROCESSOR_WANTED  0x800 /* u32: the mode it is to be in */
#define PROCESSOR_MODE	  0x840 /* u32: the mode it is in */
#define PROCESSOR_COUNT	  0x880 /* u32: interrupts it has taken */
#define PROCESSOR_THERE	  0x8c0 /* u32: the word handed to it */
#define PROCESSOR_BACK	  0x900 /* u32: the word it has handed back */
#define PROCESSOR_STACK	  0xffc
#define PROCESSOR_VECTORS 0x1000
#define PROCESSOR_SIZE	  0x2000

/* modes */
#define PROCESSOR_HALT	1 /* waits in HLT */
#define PROCESSOR_SPIN	2 /* waits with PAUSE, its interrupts on */
#define PROCESSOR_ROBIN 3 /* waits for the word */

/* QEMU's second vCPU */
#define PROCESSOR_APIC_ID 1

#ifndef __ASSEMBLY__

/* Starts it, once; the guest's local APIC is in x2APIC mode. NULL, or why there is none. */
const char *processor_start(void);

/* Puts it into a mode, and waits until it is there. */
void processor_mode(unsigned int mode);

/* One of its words. */
volatile unsigned int *processor_word(unsigned int offset);

void processor_release(void); /* when the module goes */

#endif
#endif
