/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A tracer on KVM's events while rows are timed: how much longer does it make a path? */
#ifndef EXITLAB_ATTACH_H
#define EXITLAB_ATTACH_H

#include <stddef.h>
#include <sys/types.h>

/* What --attach takes, as an array's initialiser. */
#define ATTACH_NAMES                                                                               \
	{                                                                                          \
		"none", "exitcount", "trace-cmd", "perf", NULL                                     \
	}

struct attached;

/*
 * Starts the tracer (not "none") on all events of KVM and waits until it traces; qemu is the
 * process that will cause them. NULL with one line in why when it cannot: the program is missing,
 * or it ended at once, with its last words.
 */
struct attached *attach_begin(const char *name, pid_t qemu, char *why, size_t size);

/*
 * Ends the tracer, lets it write what it has and throws that away; NULL does nothing. 0, or -1 with
 * one line in why where it had died or failed meanwhile.
 */
int attach_end(struct attached *attached, char *why, size_t size);

#endif
