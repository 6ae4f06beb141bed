/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading the files that a guest sent, RECORD_VERSION_FILES of guest-bench/record.h. */
#ifndef EXITLAB_HOST_RECORD_FILES_H
#define EXITLAB_HOST_RECORD_FILES_H

#include "record_stream.h"

/*
 * Takes the next bytes of a file; the name has length bytes and is one that a file may have.
 * RECORD_OK, or RECORD_BAD with why.
 */
typedef enum record_status record_files_take(void *taker, const char *name, int length,
					     const void *data, size_t size, char why[RECORD_WHY]);

/* Reads a stream in memory, part by part. 0, or -1 with one line in why. */
int record_files_read(const void *data, size_t size, record_files_take *taken, void *taker,
		      char why[RECORD_WHY]);

/*
 * Writes the files of a stream in memory to an existing directory; what a name may be is checked,
 * so that none lies elsewhere. 0, or -1 with one line in why: what is wrong and where, or what
 * could not be written. What a truncated stream holds is written all the same.
 */
int record_files_write(const void *data, size_t size, const char *directory, char why[RECORD_WHY]);

#endif
