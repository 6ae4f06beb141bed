/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A probe or a workload as a child: with an environment and a folder of its own, heard line by line
 * on both of its outputs, never waited for longer than its deadline, and ended with all of its
 * group. It is gone when we are killed; what it has started itself may not be.
 */
#ifndef EXITLAB_PROBES_PROCESS_H
#define EXITLAB_PROBES_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "../../host/words.h"

#define LINE_MOST 4096 /* bytes of a line that are looked at */

struct process {
	const char *name; /* for reasons: "the probe" */
	FILE *log;	  /* what it says goes there, too; NULL: nowhere */
	/* Is called for each line that it says, without the newline; NULL: for none. */
	void (*line)(void *context, const char *line);
	void *context;
	pid_t pid;  /* 0: there is none, or it was reaped */
	int pidfd;  /* readable when it has ended */
	int output; /* our end of its outputs */
	char text[LINE_MOST];
	size_t length;	 /* of the line that is not complete yet */
	uint64_t logged; /* lines of it in the log */
	char last[256];	 /* the last line that was not empty */
	bool was_ended;	 /* by us */
};

/* What a child finds: "NAME=VALUE" words beside our environment, a folder, descriptors. */
struct place {
	const struct words *settings;
	const char *directory;
	int keep; /* a descriptor that stays open; -1: none */
};

/* Why waiting ended. */
enum waited {
	WAITED_FOR,	    /* what was waited for is there */
	WAITED_ENDED,	    /* the process has ended without */
	WAITED_OTHER_ENDED, /* the other one has */
	WAITED_LATE,	    /* the deadline passed */
	WAITED_INTERRUPTED, /* a signal asks to stop */
};

/* Starts it; name, log, line and context are the caller's. 0, or -1 with errno. */
int process_start(struct process *process, const struct words *command, const struct place *place);

/*
 * Hears it, and other (NULL: none), until *done, which line may set, or process has ended where
 * done is NULL. signals: a signalfd. deadline: of now_ms().
 */
enum waited process_wait(struct process *process, struct process *other, const bool *done,
			 int signals, int64_t deadline);

/*
 * Asks it to end by SIGTERM, hears what it has to say, and ends it and all of its group by force
 * after grace_ms. Its waitpid() status, -1 where there is none. *forced: it had to be.
 */
int process_end(struct process *process, int signals, int64_t grace_ms, bool *forced);

/* The last line that it said, without our own "exitlab: "; "" where there is none. */
const char *process_said(const struct process *process);

/* "the probe was killed by signal 11 (Segmentation fault)", "the workload ended with exit code 3:
 * its last line". */
void process_describe(const struct process *process, int status, char *why, size_t size);

#endif
