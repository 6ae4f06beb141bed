/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PTX as cuobjdump -ptx prints it: a list of what a program has, with some lines on each. */
#ifndef EXITLAB_GPU_PROBES_DUMP_H
#define EXITLAB_GPU_PROBES_DUMP_H

#include <stddef.h>

/*
 * How many modules of PTX the text lists, and where the first one is: its bytes from *begin to
 * *end, its first line, from 1. A text that is no such list is one module, all of it.
 */
unsigned int dump_modules(const char *text, size_t *begin, size_t *end, unsigned int *line);

#endif
