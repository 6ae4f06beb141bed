/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * In what the emulated hosts differ, seen from outside. The inner end's half is bringup.h's
 * struct lab_inside.
 */
#ifndef EXITLAB_LAB_BACKEND_H
#define EXITLAB_LAB_BACKEND_H

#include "lab.h"

struct lab_backend {
	const char *vendor;    /* of the emulated CPU, as --vendor says it */
	const char *emulation; /* what the emulator is, for people: "TCG, cpu EPYC" */

	/* Which of the options it has not, as "--iommu", NULL: it has them all. */
	const char *(*lacks)(const struct lab_options *options);

	/*
	 * Puts the emulator's name and version, as in "QEMU 7.2.22", into name. Returns an exit
	 * code, after printing what is missing.
	 */
	int (*find)(int signals, char *name, size_t size);

	/*
	 * Starts the machine, which dies with this process. Returns an exit code, with *machine
	 * filled, or after printing what is wrong.
	 */
	int (*start)(struct lab_machine *machine, const struct lab_options *options,
		     const struct lab_kernel *kernel, int initramfs, int signals);
};

extern const struct lab_backend lab_amd, lab_intel;

/* For those who start a machine. */

/* The kernel's command line that every lab has, the options' own parts last; the caller's. */
char *lab_kernel_line(const struct lab_options *options, const char *more);

/*
 * Makes the channels of wire.h and the log: one end of each to *machine, the other to theirs, in
 * the order of enum lab_channel, and to *log. Ends the process where it cannot.
 */
void lab_channels(struct lab_machine *machine, int theirs[LAB_CHANNELS], int *log);

/* What a program that belongs to the machine is started with. */
struct lab_start {
	char **words;
	const int *keep; /* descriptors that stay open in it, -1 at the end */
	int out, err;	 /* its standard output and error */
	bool alone;	 /* in a network of its own, if this process has the right to make one */
};

/* Starts it in a process group of its own; it dies with this process. Its pid, or -1. */
pid_t lab_spawn(const struct lab_start *start);

/* In a child of parent: gets that signal when it ends, leads a group of its own, takes signals. */
void lab_child(pid_t parent, int at_its_end);

#endif
