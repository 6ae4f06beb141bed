/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a GPU run in a guest has beside its rows: the devices, and how long each phase took. */
#ifndef EXITLAB_GPU_PASSTHROUGH_H
#define EXITLAB_GPU_PASSTHROUGH_H

#include <jansson.h>
#include <stdio.h>

/* What the host measured, ns. */
struct passthrough_times {
	unsigned long long take_ns;  /* binding the devices to vfio-pci */
	unsigned long long start_ns; /* QEMU: opening them, mapping the guest's memory for DMA */
	unsigned long long boot_ns;  /* from the vCPU's start to the guest's first record */
};

/*
 * The phases as an array of { phase, ns, reason }; of one that was not run ns is null, and reason
 * says why. info: the guest's INFO; guest: what it said in guest.txt. A new reference.
 */
json_t *passthrough_phases(const struct passthrough_times *times, const json_t *info,
			   const json_t *guest);

/* Of a summary.json, where it is of such a run; else nothing. */
void passthrough_table(const json_t *summary, FILE *out);
void passthrough_markdown(const json_t *summary, FILE *out);
void passthrough_html(const json_t *summary, FILE *out);

#endif
