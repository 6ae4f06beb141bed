/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TAP for the programs of a guest. */
#ifndef EXITLAB_TAP_H
#define EXITLAB_TAP_H

#include <stdbool.h>
#include <stddef.h>

/* Is given each line that is printed, with its newline; NULL nobody. */
extern void (*tap_copy)(const char *line, size_t length);

/* One test. */
void ok(bool pass, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One test: these are equal; says both where they are not. */
void is(long long got, long long wanted, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Says something beside the tests. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The plan; what main() returns. */
int done(void);

/* The plan of a program that cannot run here. */
void skip_all(const char *why);

/* Ends the program: what it needs is not there. */
void bail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
