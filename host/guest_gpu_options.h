/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line of `exitlab guest-gpu`. */
#ifndef EXITLAB_GUEST_GPU_OPTIONS_H
#define EXITLAB_GUEST_GPU_OPTIONS_H

#include <stdbool.h>

#include "words.h"

struct guest_gpu_options {
	const char *accel;	     /* kvm, lab */
	const char *devices;	     /* BDF,BDF,... or VENDOR:DEVICE */
	const char *results;	     /* directory of the archive */
	const char *reference;	     /* a run to be compared with; NULL: the host's newest */
	const char *kernel, *initrd; /* NULL: those that make built */
	const char *qemu;
	const char *select;	/* metrics of the suite, for gpubench; NULL: all */
	const char *pcicheck;	/* options of pcicheck; NULL none */
	unsigned int page_mib;	/* of huge pages; 0: none */
	long memory_mib, vcpus; /* 0: choose */
	long deadline;		/* seconds of the boot; 0: choose */
	bool quick;
};

/* Reads it; a usage error ends the process. */
void guest_gpu_options_read(struct guest_gpu_options *options, int argc, char **argv);

/* Appends the options as they were given, but for accel and results. */
void guest_gpu_options_write(const struct guest_gpu_options *options, struct words *command);

#endif
