/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Running gnuplot: what it draws is the same for the same script, whoever's machine it is. */
#ifndef EXITLAB_GNUPLOT_H
#define EXITLAB_GNUPLOT_H

#include <stddef.h>
#include <stdio.h>

/* Text inside a string in single quotes: these are doubled, and control characters left out. */
void gnuplot_quoted(const char *text, FILE *out);

/*
 * Runs gnuplot on a script, with nobody's settings. What it draws, the caller's to free; or NULL
 * with errno: ENOENT where there is no gnuplot (nothing is printed), EIO after one line on stderr.
 */
char *gnuplot_draw(const char *script, size_t size);

#endif
