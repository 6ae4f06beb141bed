/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Errors and exit codes, the same in every command. */
#ifndef EXITLAB_UTIL_H
#define EXITLAB_UTIL_H

#include <stdio.h>
#include <stdlib.h>

/* Exit codes: ok / it failed / wrong usage / this machine cannot run it (the reason is printed). */
#define EXIT_OK	    0
#define EXIT_FAILED 1
#define EXIT_USAGE  2
#define EXIT_CANNOT 77

/*
 * KVM does not run the guest, said by one exitlab to the one that started it, which goes on in the
 * lab. Never seen by users. Not EXIT_CANNOT: what is started in between may end with that, too.
 */
#define EXIT_NO_GUEST 78

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* One line on stderr, "exitlab: ...". Say what is wrong and what mends it. */
#define pr_err(format, ...)  fprintf(stderr, "exitlab: " format "\n", ##__VA_ARGS__)
#define pr_warn(format, ...) fprintf(stderr, "exitlab: warning: " format "\n", ##__VA_ARGS__)

/* The same and exit with the code; only where nothing is left to undo. */
#define die_code(code, format, ...)                                                                \
	do {                                                                                       \
		pr_err(format, ##__VA_ARGS__);                                                     \
		exit(code);                                                                        \
	} while (0)
#define die(format, ...) die_code(EXIT_FAILED, format, ##__VA_ARGS__)

#endif
