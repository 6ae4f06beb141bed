/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `exitlab boot` was asked for. */
#ifndef EXITLAB_BOOT_OPTIONS_H
#define EXITLAB_BOOT_OPTIONS_H

#include <stdbool.h>

struct boot_options {
	const char *accel;	     /* auto, kvm, lab, tcg */
	const char *machine;	     /* microvm, q35 */
	const char *select;	     /* names of rows, checked; NULL: all */
	const char *results;	     /* directory of the archive */
	const char *kernel, *initrd; /* NULL: those that make built */
	const char *qemu;
	long cpu;      /* host CPU of the vCPU; -1: choose */
	long iter;     /* samples per row; 0: the guest's defaults */
	long deadline; /* seconds of one boot; 0: choose */
	bool no_proof, list;
};

/* Reads the command line; usage errors end the process with EXIT_USAGE. */
void boot_options_parse(struct boot_options *options, int argc, char **argv);

#endif
