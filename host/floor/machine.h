/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The VMM of `exitlab floor`: one vCPU, some memory, and the shortest loop around KVM_RUN that can
 * answer the guest. The thread that opens the machine is its vCPU's.
 */
#ifndef EXITLAB_FLOOR_MACHINE_H
#define EXITLAB_FLOOR_MACHINE_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "layout.h"

#define MACHINE_WHY 256 /* bytes of a reason, one line */

struct machine {
	int kvm, vm, vcpu;
	int event; /* eventfd that KVM raises at the devices that have one */
	struct kvm_run *run;
	size_t run_size;
	char *memory;
	size_t memory_size; /* bytes */
	bool memory_locked;
	uint32_t tsc_khz;     /* of the guest; 0 unknown */
	uint64_t bytes_taken; /* OUTBs to PORT_DEBUGCON that came to this process */
	timer_t deadline;
};

/* How a run of the vCPU ended. */
enum machine_end {
	MACHINE_DONE,	     /* the order is carried out */
	MACHINE_REFUSED,     /* KVM or the guest could not go on; why says what happened */
	MACHINE_INTERRUPTED, /* machine_signal() is set */
};

/*
 * Makes a machine with room for samples and, where irqchip is set, KVM's interrupt controllers. 0;
 * -1 with why, where KVM refuses. *machine is zeroed before the first time. After machine_close(),
 * which follows where it gave 0, there may be a next time with the same memory, which
 * machine_free() gives back in the end.
 */
int machine_open(struct machine *machine, uint32_t samples, bool irqchip, char why[MACHINE_WHY]);
void machine_close(struct machine *machine);
void machine_free(struct machine *machine);

/*
 * Carries out an order in ring 0 or ring 3; the samples are then at machine_samples(). It takes
 * deadline_s seconds at most. After anything but MACHINE_DONE the machine can only be closed.
 */
enum machine_end machine_run(struct machine *machine, const struct floor_order *order, int ring,
			     unsigned int deadline_s, char why[MACHINE_WHY]);
uint32_t *machine_samples(const struct machine *machine);

/* From now on STOP_SIGNALS (stop_signals.h) end a run of the vCPU. */
void machine_catch_signals(void);

/* The one that came, 0 none. */
int machine_signal(void);

#endif
