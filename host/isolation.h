/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What isolate did to this host, as it says itself, and how a run makes use of it. */
#ifndef EXITLAB_ISOLATION_H
#define EXITLAB_ISOLATION_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct isolation {
	json_t *applied;    /* exitlab-isolation/1, as long as the process lives; NULL: nothing is
			       applied */
	int cpu;	    /* that is isolated; -1 none */
	const char *cgroup; /* threaded cgroup of the partition; NULL none */
	int fifo;	    /* real-time priority of the vCPU thread; 0 none */
	unsigned int hugepages; /* MiB of 2 MiB pages made for the guest's memory; 0 none */
	int node;		/* of the CPU, where those pages are */
};

/*
 * Reads what isolate left in $EXITLAB_ISOLATION, else in its state directory. Nothing applied, or
 * applied before this host was booted: cpu is -1. 0, or -1 with one line on stderr where the file
 * cannot be read.
 */
int isolation_read(struct isolation *isolation);

/*
 * Puts the vCPU's thread in the partition, its process in the cgroup above it. True, or false with
 * errno; without a partition nothing is to be done.
 */
bool isolation_enter(const struct isolation *isolation, pid_t process, pid_t thread);

#endif
