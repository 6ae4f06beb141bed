/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the VMM of `exitlab floor` and its guest agree on: where things lie in the guest's memory,
 * which is mapped one to one for both rings, and the order that one run of the vCPU carries out.
 */
#ifndef EXITLAB_FLOOR_LAYOUT_H
#define EXITLAB_FLOOR_LAYOUT_H

#include <stdint.h>

#define FLOOR_TABLES  0x1000u	/* page tables: three pages, which map the first GiB */
#define FLOOR_ORDER   0x8000u	/* struct floor_order */
#define FLOOR_CODE    0x10000u	/* the guest; its stack grows down from here (guest.ld) */
#define FLOOR_SAMPLES 0x200000u /* u32 each, to the end of the memory */

/* The guest writes here when it has carried out its order. PORT_MARKER and others: record.h. */
#define FLOOR_PORT_END 0xf4

/*
 * Devices, which do nothing: ports, and addresses that are mapped and are no memory. The first of
 * each is answered by this process; at the others KVM has an ioeventfd, for FLOOR_VALUE or for any.
 */
#define FLOOR_VALUE	    1
#define FLOOR_AT_NOWHERE    0
#define FLOOR_AT_PIO	    0x600
#define FLOOR_AT_PIO_MATCH  0x601
#define FLOOR_AT_PIO_ANY    0x602
#define FLOOR_AT_MMIO	    0x3fe00000
#define FLOOR_AT_MMIO_MATCH 0x3fe01000
#define FLOOR_AT_MMIO_ANY   0x3fe02000

struct floor_order {
	uint32_t row;	  /* wire number of exits.def */
	uint32_t warmup;  /* executions before the first sample; their ticks are overwritten */
	uint32_t count;	  /* samples */
	uint32_t address; /* of the device that the row writes to */
	uint8_t on_amd;	  /* VMMCALL is the hypercall, not VMCALL */
	uint8_t spin;	  /* for tests of deadlines: loop for ever in the row */
	uint8_t reserved[2];
};

#endif
