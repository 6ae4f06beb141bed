/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `exitlab boot` was asked for. */
#ifndef EXITLAB_BOOT_OPTIONS_H
#define EXITLAB_BOOT_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

/* The key of --vendor, for commands that have it, too; others are letters. */
#define BOOT_VENDOR 0x200

struct boot_options {
	const char *accel;	     /* auto, kvm, lab, tcg */
	const char *vendor;	     /* of the lab's CPU: amd, intel, both; NULL: not said, amd */
	const char *machine;	     /* microvm, q35 */
	const char *select;	     /* names of rows, checked; NULL: all */
	const char *results;	     /* directory of the archive */
	const char *kernel, *initrd; /* NULL: those that make built */
	const char *qemu;
	const char *debugcon; /* its backend in the timed pass: null, file, socket */
	const char *attach;   /* what traces the timed pass: of ATTACH_NAMES */
	const char *modules;  /* gpulock, to be loaded for its rows; NULL: none */
	const char *devices;  /* of the host, that the guest gets: as pass_take(); NULL none */
	long cpu;	      /* host CPU of the vCPU; -1: choose */
	long iter;	      /* samples per row; 0: the guest's defaults */
	long deadline;	      /* seconds of one boot; 0: choose */
	long vcpus;	      /* of the guest: 1, or 2 for the rows between two */
	long fifo;	      /* real-time priority of an isolated vCPU; 0: none */
	bool isolate;	      /* under `isolate run` */
	bool under_isolate;   /* it is what `isolate run` runs: nothing may go on in the lab */
	bool no_proof, no_floor, list, symbols;
	bool marks; /* around the last timed samples of the one row selected */
};

/* What is not said on the command line. */
void boot_options_default(struct boot_options *options);

/* One option of the command line; for commands that have some of boot's own. */
error_t boot_option(int key, char *argument, struct boot_options *options,
		    struct argp_state *state);

/*
 * Ends the process with EXIT_USAGE where a row of a module is selected that is not to be loaded.
 * Selects all rows of one that is, where none of them is. Part of boot_option() at the end of the
 * command line.
 */
void boot_check_modules(struct boot_options *options, struct argp_state *state);

/* Is one of the selected rows a module's? select: rows; NULL: all. */
bool boot_needs_modules(const struct boot_options *options, const char *select);

/* Seconds that filling a module may take in the lab. */
#define MODULES_S 900

/* Reads the command line; usage errors end the process with EXIT_USAGE. */
void boot_options_parse(struct boot_options *options, int argc, char **argv);

/* Under the insn clock every sample of a path is the same, so few tell as much as many. */
#define INSN_ITER 1000

/* Executions before the first sample of a row. */
#define INSN_WARMUP 100
#define TSC_WARMUP  1000

/* Under the lab's host clock a sample takes long and means little. */
#define LAB_ITER 2000

/* What follows from the options; iter is the samples of a row, 0: the guest's default. */

/* Longest time of one boot, seconds. */
unsigned int boot_deadline(const struct boot_options *options, long iter);

/* The guest's memory, and how much of it Linux leaves alone, for rows that need it so. */
unsigned int boot_memory_mib(const struct boot_options *options, const char *select, long iter);
unsigned int boot_fresh_mib(const char *select);

/*
 * The vCPU's CPU: the one asked for, or the last one this process may use, by cpus.h. CPU 0 is the
 * host's housekeeping CPU: it is taken only when there is no other. Ends the process with
 * EXIT_USAGE where the one asked for is not there.
 */
int boot_cpu(const struct boot_options *options);

#endif
