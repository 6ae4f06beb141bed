/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A command that is started, but does not begin before it is traced. */
#ifndef EXITLAB_GPUMEM_COMMAND_H
#define EXITLAB_GPUMEM_COMMAND_H

#include <sys/types.h>

struct gpumem_command {
	pid_t process;
	int go, failed; /* pipes: the word to begin; why it could not */
};

/* 0 with its process, which waits; -1 with one line on stderr. */
int gpumem_command_prepare(struct gpumem_command *command, char *const *words);

/* Lets it begin. 0 when the program runs; -1 with one line on stderr. */
int gpumem_command_begin(struct gpumem_command *command, const char *program);

/* It is not to begin. Nothing where none was prepared. */
void gpumem_command_drop(struct gpumem_command *command);

/* Waits for it; kills it first where it is still there. One line on stderr where it has failed. */
int gpumem_command_end(struct gpumem_command *command, const char *program);

#endif
