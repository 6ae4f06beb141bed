/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One QEMU with the appliance in it: its command line, its process, its pinned vCPU. */
#ifndef EXITLAB_VM_H
#define EXITLAB_VM_H

#include <jansson.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "isolation.h"
#include "qmp.h"
#include "words.h"

/* Above the kernel and below the initramfs, which QEMU puts at the end of the memory. */
#define VM_FRESH_AT_MIB 64u

struct vm_config {
	const char *qemu;	 /* program; a path must be absolute */
	const char *machine;	 /* "microvm" or "q35" */
	const char *accel;	 /* "kvm" or "tcg" */
	const char *kernel;	 /* absolute path: vmlinux with a PVH entry, or bzImage */
	const char *initrd;	 /* absolute path: cpio, lz4 */
	const char *guest_args;	 /* for the guest program */
	const char *kernel_args; /* more of the kernel's command line; NULL none */
	const char *directory;	 /* existing; QEMU runs in it and writes its files there: */
	const char *name;	 /* NAME.console.log, NAME.qemu.log, NAME.debugcon where kept */
	const char *debugcon; /* behind port 0xe9: "null", "file" (in memory), "socket", "kept" */
	unsigned int memory_mib; /* of the guest */
	unsigned int fresh_mib;	 /* of it, from VM_FRESH_AT_MIB on: Linux leaves it alone */
	unsigned int vcpus;	 /* of rows, 1 or 2: Linux uses the first */
	int cpu;		 /* host CPU of the first vCPU's thread; -1: wherever they like */
	const struct isolation *isolation; /* of that CPU; NULL none */
	bool testdevs;			   /* on q35, QEMU's own devices that rows are of */
	const struct words *devices;	   /* QEMU's arguments for devices of the host; NULL none */
	const char *memory; /* the memory's backend, but for its id and size; NULL: choose */
	int cancel;	    /* descriptor that can be read when nothing is to be waited for */
};

struct vm {
	pid_t pid;
	pid_t vcpu;   /* the vCPU's thread */
	int record;   /* the record port, a stream socket */
	int debugcon; /* where config.debugcon is "socket", a thread reads this end; else -1 */
	pthread_t drain;
	struct qmp qmp;
	bool memory_locked; /* QEMU may lock its memory, and was told to */
	bool pinned;	    /* the vCPU thread runs on config.cpu alone */
	bool isolated;	    /* and in what isolates that CPU */
	bool moved;	    /* this process keeps off config.cpu meanwhile */
	cpu_set_t before;   /* where it might run until then */
	json_t *command;    /* QEMU's arguments, strings */
	char *version;	    /* QEMU's own word */
};

/*
 * Starts QEMU with the vCPU stopped and pinned. 0, or -1 with one line in why; then nothing is
 * left running, and errno is ENOENT where there is no such program.
 */
int vm_start(struct vm *vm, const struct vm_config *config, char *why, size_t size);

/* Is the guest's memory made of the huge pages that isolate made for it? */
bool vm_hugepages(const struct vm_config *config);

/* Lets the vCPU run. 0 or -1. */
int vm_continue(struct vm *vm);

/* QEMU's run state ("running", "internal-error", ...) into state; "gone": no answer. */
void vm_state(struct vm *vm, char *state, size_t size);

/* Waits up to a second for a QEMU that is ending; how it ended into status, unreaped. 0 or -1. */
int vm_wait(const struct vm *vm, siginfo_t *status);

/* Ends QEMU if it still runs, reaps it and frees everything. Returns its wait status. */
int vm_stop(struct vm *vm);

#endif
