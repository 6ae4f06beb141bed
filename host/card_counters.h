/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The counters of a card; see card.h for the card. */
#ifndef EXITLAB_CARD_COUNTERS_H
#define EXITLAB_CARD_COUNTERS_H

#include <stdio.h>

#include "card.h"

/*
 * Adds every counter to into as name: { text, count }, and to unavailable the names of those that
 * cannot be read, with what would make them readable.
 */
void card_count(json_t *into, json_t *unavailable, const struct card_subject *subject);

/* Interrupts that a CPU has taken, of all kinds in /proc/interrupts; -1 where that cannot be read.
 */
json_int_t card_interrupts(int cpu);

/* Opens a file for reading by its formatted path; NULL with errno. */
FILE *card_open(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The word-th word of a line, from 1, as a number; -1 where it is none. A command's name in
 * brackets, with whatever it holds, is one word, the second.
 */
json_int_t card_word(const char *line, int word);

#endif
