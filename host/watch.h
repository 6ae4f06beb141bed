/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A guest under watch, from its start to QEMU's end, whatever the stream on its record port is. */
#ifndef EXITLAB_WATCH_H
#define EXITLAB_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "run.h"

struct watch {
	struct run *run; /* what is to be run; its outcome and why are set here */
	/* Takes what has come of the stream, and sets what is below. */
	void (*follow)(struct watch *watch, const char *data, size_t size);
	char phase[128]; /* what the guest did last, for people */
	bool started;	 /* its first record has come */
	bool done;	 /* and its last: QEMU may end */

	/* Of watch_begin() and watch_guest(). */
	struct vm vm;
	int file; /* the archive's copy of the stream */
	bool monitor_gone;
	unsigned long long begin_ns,
		sign_of_life_ns; /* of watch_now_ns(); the first: vCPU's start */
};

/* Ends the watch: the outcome, and why in printf's words. */
#define WATCH_FAIL(watch, result, format, ...)                                                     \
	do {                                                                                       \
		(watch)->run->outcome = (result);                                                  \
		snprintf((watch)->run->why, sizeof((watch)->run->why), format, ##__VA_ARGS__);     \
	} while (0)

/* Unslewed, so that under the insn clock one nanosecond is one instruction. */
unsigned long long watch_now_ns(void);

/* Shows the phase on a terminal. */
void watch_progress(const struct watch *watch);

/*
 * Starts QEMU and lets the guest run. 0, or -1 with the outcome; then nothing is left to end. After
 * 0 come watch_guest(), which returns when QEMU has ended or must be, and watch_end(), which ends
 * it.
 */
int watch_begin(struct watch *watch);
void watch_guest(struct watch *watch);
void watch_end(struct watch *watch);

#endif
