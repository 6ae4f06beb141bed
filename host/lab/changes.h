/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the Intel lab's command changed below --rw directories, brought back to them. */
#ifndef EXITLAB_LAB_CHANGES_H
#define EXITLAB_LAB_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

/* Those of one directory. They are kept until they are all there: a lab that ends sooner changes
 * nothing. */
struct changes {
	int number;	 /* of the directory */
	int gone, files; /* files without a name: paths that end in NUL, and a tar file; -1: none */
	bool refused;	 /* there was no room for them */
	bool lost;	 /* something of this or an earlier directory could not be brought back */
};

/* There are none yet. */
extern const struct changes no_changes;

/* A path that is no more, and a piece of the tar file of what is new, in the directory of that
 * number. */
void changes_gone(struct changes *changes, int number, const char *path, size_t size);
void changes_files(struct changes *changes, int number, const void *data, size_t size);

/* That was all of that directory, whose path is given: changes it. */
void changes_end(struct changes *changes, int number, const char *directory);

bool write_whole(int fd, const void *data, size_t size);

#endif
