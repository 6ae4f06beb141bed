/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A guest's GPU run beside the host's. */
#ifndef EXITLAB_GUEST_COMPARE_H
#define EXITLAB_GUEST_COMPARE_H

/* Is the reference, where one is named, a GPU run? EXIT_OK, or EXIT_USAGE with one line. */
int guest_compare_check(const char *reference);

/*
 * Prints the comparison of the run in directory with the reference; NULL: with the newest GPU run
 * of this host in results, and nothing where there is none.
 */
void guest_compare(const char *directory, const char *results, const char *reference);

#endif
