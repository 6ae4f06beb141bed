/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `exitlab lab` and its agent, the lab's first process, say to each other. Both are built from
 * this tree and run on one machine, so the structures go over as they are.
 */
#ifndef EXITLAB_LAB_WIRE_H
#define EXITLAB_LAB_WIRE_H

#include <stdint.h>

/* The virtio-serial ports, by name. The control port carries messages, the others raw bytes. */
#define LAB_PORT_CONTROL "exitlab.control"
#define LAB_PORT_STDIN	 "exitlab.stdin"
#define LAB_PORT_STDOUT	 "exitlab.stdout"
#define LAB_PORT_STDERR	 "exitlab.stderr"

/* The 9p shares: the host's root, and one per --rw directory, numbered from 0. */
#define LAB_SHARE_ROOT	  "root"
#define LAB_SHARE_RW	  "rw%d"
#define LAB_WRITABLE_MOST 24

/*
 * The job is a file of the initramfs: strings that end in NUL, each with one of these letters
 * first. It is there before the kernel starts, so what the lab does next hangs on no arrival time.
 */
#define LAB_JOB_FILE "/job"
enum {
	LAB_JOB_ARGUMENT = 'a',	   /* of CMD, in order */
	LAB_JOB_ENVIRONMENT = 'e', /* NAME=value */
	LAB_JOB_DIRECTORY = 'd',   /* the working directory */
	LAB_JOB_MODULES = 'm',	   /* where lib/modules/RELEASE of this kernel is on the host */
	LAB_JOB_WRITABLE = 'w',	   /* a --rw directory; the n-th is share rw<n> */
};

enum {
	LAB_READY = 1,	 /* from the agent: CMD was started */
	LAB_STATUS,	 /* from the agent: CMD ended; value: its status, out, err: its bytes */
	LAB_SIGNAL,	 /* to the agent: value is the signal for CMD */
	LAB_STDIN_ENDED, /* to the agent: no more than `in` bytes of standard input come */
};

struct lab_message {
	uint32_t kind;
	uint32_t value;
	uint64_t in;
	uint64_t out;
	uint64_t err;
};

#endif
