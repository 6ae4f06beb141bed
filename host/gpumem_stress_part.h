/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A child of the stress experiment: on its own CPUs, heard on its standard error, never waited for
 * longer than its deadline, and gone when we are.
 */
#ifndef EXITLAB_GPUMEM_STRESS_PART_H
#define EXITLAB_GPUMEM_STRESS_PART_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "words.h"

struct part {
	const char *name; /* for reasons */
	pid_t pid;	  /* 0: there is none, or it was reaped */
	int pidfd;	  /* readable when it has ended */
	int go;		  /* -1, or what holds it before it becomes its program */
	int error;	  /* its standard error */
	char said[2048];  /* the end of that */
	size_t length;
};

/* Why waiting ended. */
enum heard {
	HEARD,	     /* what was waited for has come */
	ENDED,	     /* the other one has ended */
	LATE,	     /* the deadline passed */
	INTERRUPTED, /* a signal asks to stop */
};

/*
 * Starts it with its standard output in output (-1: ours), on the CPUs given, and held until
 * part_go() where held. 0, or -1 with one line on stderr.
 */
int part_start(struct part *part, const char *name, const struct words *command, int output,
	       const cpu_set_t *cpus, bool held);

void part_go(struct part *part);

/*
 * Until it says text on its standard error. signals: a signalfd. deadline: of now_ms(). ENDED: it
 * has ended without.
 */
enum heard part_says(struct part *part, const char *text, int signals, int64_t deadline);

/* Until it ends, or other does first (NULL: none); it is not reaped. */
enum heard part_ends(struct part *part, struct part *other, int signals, int64_t deadline);

/* Waits for its end, which part_ends() has seen, and takes what it said. Its waitpid() status. */
int part_reap(struct part *part);

/* Ends it, whatever it does; nothing where there is none. */
void part_kill(struct part *part);

/* The last line that it said; "" where there is none. */
const char *part_last_line(struct part *part);

/* "the tracer was killed by signal 9 (Killed)", with what it said last. why is "" for a good end.
 */
void part_describe_end(struct part *part, int status, char *why, size_t size);

#endif
