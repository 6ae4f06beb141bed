/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rows of `exitlab floor`: the user and kernel rows of exits.def, run against this process
 * instead of QEMU, in the timed pass and then, with BPF counting, in the proof pass.
 */
#ifndef EXITLAB_FLOOR_RUN_H
#define EXITLAB_FLOOR_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../isolation.h"
#include "../run.h" /* enum outcome */

struct floor_run {
	/* Set by the caller. */
	const char *directory;	 /* where run.rec goes */
	const char *select;	 /* names of rows; NULL: all. The empty brackets always run. */
	const char *spin;	 /* for tests: the row that is to loop for ever; NULL none */
	long iter;		 /* samples per row; 0: 100000, 20000 where this process answers */
	uint32_t warmup;	 /* executions before the first sample */
	unsigned int deadline_s; /* of a row; 0: chosen by its samples */
	int cpu;
	const struct isolation *isolation; /* of that CPU; NULL: none */
	uint8_t clock;			   /* CLOCK_* */
	uint32_t canary_limit;		   /* CANARY_LIMIT; 0 where the clock says nothing */
	bool irqchip; /* KVM's interrupt controllers in the machine, as QEMU's machines have them */
	bool prove;

	/* Set by floor_run(). */
	enum outcome outcome;
	char why[512];
	json_t *proof; /* exitlab-proof/1; NULL unless outcome is RUN_DONE */
	json_t *card;  /* what disturbed the timed pass, as card_difference() says */
	uint32_t tsc_khz;
	size_t memory_size; /* of the guest, bytes */
	bool memory_locked, pinned, isolated;
	double timed_s; /* from /dev/kvm's opening to the end of the timed pass */
};

/* Can floor run the row? What has no sense without a guest's kernel is not its business. */
bool floor_has_row(int row);

/* Runs the passes in this thread, which becomes the vCPU's; fills in the outcome. */
void floor_run(struct floor_run *run);

/* Frees what floor_run() allocated. */
void floor_run_free(struct floor_run *run);

#endif
