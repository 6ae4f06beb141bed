/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line of a program that is one of several probes. */
#ifndef EXITLAB_PROBES_CHOICE_H
#define EXITLAB_PROBES_CHOICE_H

#include <stddef.h>

struct choice {
	const char *name, *prose;
};

/*
 * Reads it: a name out of count. Returns its place; a usage error, and --list, end the process.
 * libcuda: where the option --libcuda goes; NULL: there is none.
 */
size_t choose(int argc, char **argv, const char *doc, const struct choice *choices, size_t count,
	      const char **libcuda);

#endif
