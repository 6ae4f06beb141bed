/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A run's place in results/: written in HOST/TIME-KIND.partial, renamed once when it is whole. A
 * run that failed keeps what it has, as .failed with the reason in a file of its own.
 */
#ifndef EXITLAB_ARCHIVE_H
#define EXITLAB_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

struct archive {
	char final[4096];     /* results/HOST/TIME-KIND */
	char directory[4104]; /* where to write; final once it is kept */
	char time[32];	      /* UTC, ISO 8601 */
	bool apart;	      /* beside a file that is wanted, not in results/ */
};

/* Makes the directory. 0, or -1 with one line on stderr. */
int archive_begin(struct archive *archive, const char *results, const char *host, const char *kind);

/* The same in PATH.partial, to be discarded once what was made there has gone to PATH. */
int archive_begin_at(struct archive *archive, const char *path);

/* Renames it to its final name, or to .failed with why in reason.txt. 0, or -1 with one line. */
int archive_keep(struct archive *archive);
int archive_fail(struct archive *archive, const char *why);

/* Removes it and all that is in it: for a run that never was. */
void archive_discard(struct archive *archive);

/* Removes a directory and all that is in it, as far as that can be; links are not followed. */
void remove_tree(const char *path);

#endif
