/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The generator of interference, `exitlab interfere`, beside a boot. */
#ifndef EXITLAB_GENERATOR_H
#define EXITLAB_GENERATOR_H

#include <sys/types.h>

struct generator {
	pid_t pid;
	int output; /* the end of a pipe: what it prints */
};

/*
 * Starts self as the generator, for that CPU, and waits until it is at work; it also reads
 * read_file where that is not NULL. 0, or -1 with the reason in log, a file that stays open.
 */
int generator_start(struct generator *generator, const char *self, long cpu, const char *read_file,
		    int log);

/* Ends it; how much it has done goes into log. 0, or -1 where it had failed. */
int generator_end(const struct generator *generator, int log);

#endif
