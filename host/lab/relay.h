/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between the frames of the Intel lab (wire.h) and the channels of the session. */
#ifndef EXITLAB_LAB_RELAY_H
#define EXITLAB_LAB_RELAY_H

#include "lab.h"

struct relay {
	int from;		   /* the emulator's standard output */
	int to;			   /* the other end of the lab's second serial port */
	int channel[LAB_CHANNELS]; /* the session's, from the other side */
	int words;		   /* where the emulator's own words go, -1: nowhere */
	const struct words *writable;
};

/* Starts the process that does it, which dies with this one. Its pid, or -1. */
pid_t relay_start(const struct relay *relay);

#endif
