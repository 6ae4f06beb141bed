/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The other side of turns_library.c: a thread of the probe that takes it off and puts it on. */
#ifndef EXITLAB_PROBES_TURNS_PROBE_H
#define EXITLAB_PROBES_TURNS_PROBE_H

#include <pthread.h>

#include "turns.h"

struct turns_probe {
	/* 0, or it could not be. */
	int (*turn)(void *context, bool on);
	void *context;
	struct turns_shared *shared;
	int fd;
	pthread_t thread;
	_Atomic bool stop;
};

/* Begins to listen; turn and context are the caller's. Ends the process where that cannot be. */
void turns_probe_begin(struct turns_probe *probe);

/* Prints the words of the ready line that make a workload preload the library. */
void turns_probe_say(const struct turns_probe *probe);

/* When it returns the thread has ended. */
void turns_probe_end(struct turns_probe *probe);

#endif
