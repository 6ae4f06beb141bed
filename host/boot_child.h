/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an `exitlab boot` left that another command has run: a directory of its own is its archive,
 * and its output is in boot.log there.
 */
#ifndef EXITLAB_BOOT_CHILD_H
#define EXITLAB_BOOT_CHILD_H

#include <stddef.h>

/*
 * Makes the directory and opens boot.log in it. A descriptor, or -1 with one line in why.
 */
int boot_log_open(const char *directory, char *why, size_t size);

/* The one run that lies in directory, "HOST/TIME-vmexit", the caller's; NULL where it failed. */
char *boot_run_in(const char *directory);

/* The last line of directory's boot.log: what it failed of. Never empty. */
void boot_last_line(const char *directory, char *line, size_t size);

/*
 * Makes the report of a run from a lab anew: the Intel lab has no gnuplot, and its clock begins in
 * 2000. began is when the run began, ISO 8601, which its files then say. 0, or -1 with one line on
 * stderr.
 */
int boot_report_again(const char *run, const char *began);

/* Prints the warnings in directory's boot.log on stderr. */
void boot_log_warnings(const char *directory);

#endif
