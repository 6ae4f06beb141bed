/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which libcuda to probe, and where in it. */
#ifndef EXITLAB_GPUMEM_LIBRARY_H
#define EXITLAB_GPUMEM_LIBRARY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gpumem_shared.h"

struct gpumem_library {
	char path[PATH_MAX];
	dev_t device; /* which file that was */
	ino_t inode;
	uint64_t offset[GPUMEM_CALLS]; /* in the file, of each call; 0: not in it */
	uint8_t past[GPUMEM_CALLS]; /* bytes from there to where it is probed, gpumem_prologue.h */
};

/*
 * Fills it in for the file given, else for what process has mapped (0: no process), else for what
 * a program finds: LD_LIBRARY_PATH, then the cache of ldconfig. Returns an exit code of util.h,
 * with one line on stderr where it is not EXIT_OK.
 */
int gpumem_library_find(struct gpumem_library *library, const char *given, pid_t process);

/*
 * Where in the library's file a function that it exports is best probed, as gpumem_prologue.h has
 * it; 0: it has none of that name, or cannot be read.
 */
uint64_t gpumem_library_function(const struct gpumem_library *library, const char *name);

/* Is there one that a program finds? */
bool gpumem_library_is_there(void);

/* Is another file there now? What a process has loaded from it has no probes. */
bool gpumem_library_is_replaced(const struct gpumem_library *library);

#endif
