/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of `exitlab lab`: options, initramfs, machine, the session with its agent. */
#ifndef EXITLAB_LAB_H
#define EXITLAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "wire.h"
#include "../words.h"

struct lab_options {
	const struct lab_backend *backend;
	bool insn_clock;       /* one tick an instruction, else the host's time */
	int cpus;	       /* 0: the clock's default */
	const char *memory;    /* in QEMU's words */
	bool iommu;	       /* an Intel IOMMU with interrupt remapping */
	struct words device;   /* in QEMU's words */
	struct words plugin;   /* the same */
	struct words append;   /* of the kernel's command line */
	struct words writable; /* resolved paths */
	struct words with;     /* what is carried too, where only what CMD needs is there */
	const char *trace;     /* file for the instructions between two marks; NULL: none */
	int deadline;	       /* seconds */
	const char *kernel;    /* image or package, NULL: the default */
	bool no_input;	       /* standard input is at its end */
	bool verbose;
	char **command; /* NULL-terminated */
};

/* The lab's kernel, as the script host/lab/prepare left it. */
struct lab_kernel {
	char *directory, *image, *release;
};

/* The emulated host and the ends of its channels that are ours; -1 where closed. */
struct lab_machine {
	pid_t emulator;
	pid_t relay; /* between its one stream and the channels; 0: none */
	int channel[LAB_CHANNELS];
	int log; /* what the emulator and the kernel's console say */
};

/*
 * Makes the initramfs in memory: the agent, the kernel's modules, the job. agent is the path of the
 * agent's program, emulator its name and version as in "QEMU 7.2.22". Returns a file descriptor, -1
 * after printing what is wrong.
 */
int lab_initramfs(const struct lab_options *options, const struct lab_kernel *kernel,
		  const char *agent, const char *emulator);

/* Ends the machine at once and closes the channels; returns what waitpid() says of the emulator. */
int lab_machine_stop(struct lab_machine *machine);

/* CPUs of the machine under these options. */
int lab_cpus(const struct lab_options *options);

/*
 * Carries streams and signals until CMD ends, the machine fails or the deadline passes. signals is
 * a signalfd of the signals to pass on. Stops the machine. Returns CMD's status, or the exit code
 * of util.h after printing what went wrong.
 */
int lab_session(struct lab_machine *machine, const struct lab_options *options, int signals);

#endif
