/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What lies in the Intel lab's memory before its first instruction; shared with start.S, which
 * starts it.
 *
 * Bochs loads a file into memory ("optramimage"), but gives the machine its memory in blocks, in
 * the order in which they are first touched; a file lies in as many blocks in a row, of which the
 * machine has the first alone. So the file begins with blocks that say their number. After the
 * firmware has taken some, start.S touches blocks until it has met the last of these, and then the
 * payload's, from its address on: those are the file's next. Should a Bochs do otherwise, start.S
 * sees it and ends.
 */
#ifndef EXITLAB_LAB_PAYLOAD_H
#define EXITLAB_LAB_PAYLOAD_H

#define PAYLOAD_BLOCK	0x20000
#define PAYLOAD_SPARE	64	  /* numbered blocks */
#define PAYLOAD_LOAD	0x800000  /* the address that Bochs is told */
#define PAYLOAD_ADDRESS 0x1000000 /* PAYLOAD_LOAD and the spare blocks; where Linux lies, too */
#define PAYLOAD_MAGIC	0x4c584531
#define START_ADDRESS	0xd0000	   /* of start.S, an option ROM */
#define START_SIZE	512	   /* of it */
#define START_INFO	0x336ec578 /* the first word of Xen's struct hvm_start_info */

/* Offsets in struct handoff, which is a struct hvm_start_info and what start.S needs. */
#define HANDOFF_MEMORY_MAP 40
#define HANDOFF_MAP_COUNT  48
#define HANDOFF_ENTRY	   56

#ifndef __ASSEMBLER__

#include "lab.h"

#define PAYLOAD_IMAGES 2

struct payload {
	const char *kernel;	  /* an ELF image with a PVH entry */
	const char *const *image; /* PAYLOAD_IMAGES paths; those that are NULL are left out */
	const char *kernel_line;
	int initramfs;
	unsigned long memory_mib;
};

/*
 * Makes the payload in memory, a file. The images are persistent memory of the machine, in their
 * order. Returns an exit code, after printing what is wrong.
 */
int payload_make(const struct payload *payload, int *file);

/*
 * start.S as Bochs wants it, from the file that make built: a file descriptor, or -1 after
 * printing what is wrong.
 */
int payload_start(const char *path);

#endif
#endif
