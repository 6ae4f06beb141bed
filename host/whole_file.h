/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writing a file that others read: what was there stays until the new one is whole. */
#ifndef EXITLAB_WHOLE_FILE_H
#define EXITLAB_WHOLE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct whole_file {
	FILE *out; /* where to write; NULL where it cannot be, with error */
	int error; /* an errno */
	bool replace;
	char path[PATH_MAX], next[PATH_MAX + 4];
};

/*
 * Opens PATH.new, or PATH itself where it is no regular file but a device, say; path is
 * printf-style. Returns out. whole_file_end() is to be called in either case: it says why that is
 * NULL.
 */
FILE *whole_file_begin(struct whole_file *file, const char *path, ...)
	__attribute__((format(printf, 2, 3)));

/* Closes it, and puts it in its place. 0, or -1 with one line on stderr; then it is removed. */
int whole_file_end(struct whole_file *file);

/* Closes and removes it: what was there stays. */
void whole_file_abandon(struct whole_file *file);

#endif
