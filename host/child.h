/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Running a command that must end in its own way: it may have a host to put back as it was. */
#ifndef EXITLAB_CHILD_H
#define EXITLAB_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "words.h"

/* Appends an option and its value; nothing where it is NULL. */
void command_option(struct words *command, const char *name, const char *value);

/* The same with a number. */
void command_number(struct words *command, const char *name, long value);

/*
 * Runs it and waits. STOP_SIGNALS (stop_signals.h) are passed on to it. Its stdout and stderr go to
 * output; -1: to ours. Returns its exit code, 128 + n where signal n ended it; *interrupted says
 * whether a signal was passed on.
 */
int command_run(const struct words *command, int output, bool *interrupted);

/* Why a command ended before its time. */
struct command_end {
	bool interrupted; /* a signal was passed on to it */
	bool late;	  /* it took more than its seconds: it was asked to end, then killed */
};

/* The same within so many seconds; 0: however long it takes. */
int command_run_within(const struct words *command, int output, unsigned int seconds,
		       struct command_end *end);

#endif
