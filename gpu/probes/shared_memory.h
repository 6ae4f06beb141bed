/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory that a probe shares with the library that a workload preloads, by a path in /proc. */
#ifndef EXITLAB_PROBES_SHARED_MEMORY_H
#define EXITLAB_PROBES_SHARED_MEMORY_H

#include <stddef.h>

/* Of the probe: size bytes of zeros, and the descriptor of their file. Ends the process on error.
 */
void *shared_memory_make(size_t size, int *fd);

/* Of the library: those of the file that the variable names; NULL: it names none. */
void *shared_memory_open(const char *variable, size_t size);

/* Prints " NAME=VALUE" for the ready line: the library beside this program, and the file. */
void shared_memory_say(const char *library, const char *variable, int fd);

#endif
