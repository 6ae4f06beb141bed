/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One boot of the appliance, watched from its first instruction to its last. */
#ifndef EXITLAB_RUN_H
#define EXITLAB_RUN_H

#include <jansson.h>
#include <stdbool.h>

#include "record.h"
#include "vm.h"

enum outcome {
	RUN_DONE,	 /* the guest wrote DONE */
	RUN_FAILED,	 /* why says what happened and in which phase */
	RUN_INTERRUPTED, /* a signal asked us to end */
	RUN_CANNOT,	 /* this machine cannot run it: no QEMU, or KVM does not run the guest */
};

struct run {
	/* Set by the caller. */
	struct vm_config vm;
	int signals;		/* signalfd of the signals that end a run */
	bool prove;		/* run the proof pass, if counting is possible */
	bool symbols;		/* keep what names the instructions of kernel and QEMU: symbols.h */
	const char *attach;	/* tracer of the timed pass, of ATTACH_NAMES; NULL none */
	unsigned int first_s;	/* longest time until the guest's first record */
	unsigned int silence_s; /* longest time between two signs of life after it */
	unsigned int deadline_s; /* longest time in all */

	/* Set by run_guest(). The stream is in directory/NAME.rec. */
	enum outcome outcome;
	char why[512];
	json_t *proof;		 /* exitlab-proof/1; NULL without DONE */
	json_t *host_interrupts; /* under the insn clock: of the vCPU's CPU while a row ran, by row
				  */
	json_t *card;		 /* what disturbed the timed pass, as card_difference() says */
	json_t *command;	 /* QEMU's arguments */
	char *qemu_version;	 /* NULL: it did not start */
	bool memory_locked, pinned, isolated;
	unsigned long long start_ns;	/* from QEMU's start to the vCPU's */
	unsigned long long boot_ns;	/* from there to the first record */
	char info[RECORD_MAX_TEXT + 1]; /* the guest's INFO text */
	unsigned long long qemu_bytes;	/* OUTBs to debugcon that the guest says it executed */
	unsigned int tsc_khz;		/* of the guest; 0 unknown */
};

/* Boots, watches and ends the guest; fills in the outcome. */
void run_guest(struct run *run);

/* Frees what run_guest() allocated. */
void run_free(struct run *run);

#endif
