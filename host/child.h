/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Running a command that must end in its own way: it may have a host to put back as it was. */
#ifndef EXITLAB_CHILD_H
#define EXITLAB_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#define CHILD_WORDS 64

/* A command in the making: words, NULL-terminated when handed on. */
struct command {
	char *word[CHILD_WORDS];
	size_t count;
};

/* Appends one word, printf-style. Ends the process where there is no room for it. */
void command_add(struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends an option and its value; nothing where it is NULL. */
void command_option(struct command *command, const char *name, const char *value);

/* The same with a number. */
void command_number(struct command *command, const char *name, long value);

void command_free(struct command *command);

/*
 * Runs it and waits. SIGINT, SIGTERM and SIGHUP are passed on to it. Its stdout and stderr go to
 * output; -1: to ours. Returns its exit code, 128 + n where signal n ended it; *interrupted says
 * whether a signal was passed on.
 */
int command_run(const struct command *command, int output, bool *interrupted);

#endif
