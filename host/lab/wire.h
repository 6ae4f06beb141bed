/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `exitlab lab` and its agent, the lab's first process, say to each other. Both are built from
 * this tree and run on one machine, so the structures go over as they are.
 */
#ifndef EXITLAB_LAB_WIRE_H
#define EXITLAB_LAB_WIRE_H

#include <stdint.h>

/* The channels: messages on the first, raw bytes on the others. */
enum lab_channel { LAB_CONTROL, LAB_STDIN, LAB_STDOUT, LAB_STDERR, LAB_CHANNELS };

#define LAB_WRITABLE_MOST 24

/*
 * The job is a file of the initramfs: strings that end in NUL, each with one of these letters
 * first. It is there before the kernel starts, so what the lab does next hangs on no arrival time.
 */
#define LAB_JOB_FILE "/job"
enum {
	LAB_JOB_VENDOR = 'v',	   /* of the emulated CPU */
	LAB_JOB_ARGUMENT = 'a',	   /* of CMD, in order */
	LAB_JOB_ENVIRONMENT = 'e', /* NAME=value */
	LAB_JOB_DIRECTORY = 'd',   /* the working directory */
	LAB_JOB_MODULES = 'm',	   /* where lib/modules/RELEASE of this kernel is on the host */
	LAB_JOB_WRITABLE = 'w',	   /* a --rw directory; they are numbered from 0 */
	LAB_JOB_NO_INPUT = 'n',	   /* standard input is at its end; no message will say so */
};

enum {
	LAB_READY = 1,	 /* from the agent: CMD is about to start */
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

/* AMD: the virtio-serial ports in the order of enum lab_channel, and the 9p shares. */
#define LAB_PORTS                                                                                  \
	{                                                                                          \
		"exitlab.control", "exitlab.stdin", "exitlab.stdout", "exitlab.stderr"             \
	}
#define LAB_SHARE_ROOT "root"
#define LAB_SHARE_RW   "rw%d"

/*
 * Intel: no device of the emulator takes a channel, so frames go out by an I/O port, which the
 * emulator writes to its standard output, and come in by the second serial port. Between frames the
 * emulator's own words may stand.
 */
#define LAB_FRAME_PORT	0xe9
#define LAB_FRAME_MAGIC 0x024c5801 /* no text holds these bytes */
#define LAB_FRAME_MOST	4096
#define LAB_FRAME_TTY	"/dev/ttyS1"

/* The other kinds of frames, beside the channels. */
enum lab_frame_kind {
	LAB_FRAME_TAKEN = LAB_CHANNELS, /* out: uint64_t, so much of standard input was read */
	LAB_FRAME_GONE,			/* out: a path that is no more in a --rw directory */
	LAB_FRAME_FILES,		/* out: a piece of a tar file of what changed there */
	LAB_FRAME_END,			/* out: that was all of this directory */
};

struct lab_frame {
	uint32_t magic;
	uint16_t kind;
	uint16_t number; /* of the --rw directory */
	uint32_t size;	 /* bytes that follow, at most LAB_FRAME_MOST */
};

/* Standard input that may be on its way: as much as the kernel's serial port keeps for a reader. */
#define LAB_STDIN_AHEAD 2048

/* The images, as the kernel numbers persistent memory: the root; the --rw directories. */
#define LAB_IMAGE_ROOT	   "/dev/pmem0"
#define LAB_IMAGE_WRITABLE "/dev/pmem1"

#endif
