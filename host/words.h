/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Command lines of any length. */
#ifndef EXITLAB_WORDS_H
#define EXITLAB_WORDS_H

#include <stddef.h>

/* A NULL-terminated list of strings that grows, as execv() wants it. */
struct words {
	char **word;
	size_t n;
};

/* Appends a copy, printf-style. Ends the process when there is no memory. */
void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An option and its value, printf-style. */
#define words_option(words, name, ...) (words_add(words, name), words_add(words, __VA_ARGS__))

void words_free(struct words *words);

/* Text within the value of an option of QEMU's, where commas are doubled; the caller's. */
char *qemu_quoted(const char *text);

#endif
