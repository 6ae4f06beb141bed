/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pages that stand alone: one file with its style (page.css) in it, no script, nothing to load.
 * What they show comes from outside, so all of it goes through html_text() or html_url().
 */
#ifndef EXITLAB_HTML_H
#define EXITLAB_HTML_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* Everything before the content, and after it. The title is escaped. */
void html_begin(const char *title, FILE *out);
void html_end(FILE *out);

/* Text, for the content of an element or for an attribute in double quotes. */
void html_text(const char *text, FILE *out);

/* The same, printed first; 1023 bytes at most. */
void html_printf(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A relative path as the value of href: every byte that means something in a URL is encoded. */
void html_url(const char *path, FILE *out);

/* Text as the value of id, and of href after a "#": what may not be there is a "-". */
void html_anchor(const char *text, FILE *out);

/* An integer as it is, a real to a thousandth; a dash for all else: a missing number is no zero. */
void html_number(const json_t *value, FILE *out);

/* Any value in words: text, numbers, yes or no, the members of an object one a line. */
void html_value(const json_t *value, FILE *out);

/* The verdict of a row, of a card or of a run: the word, in a colour that goes with it. */
void html_verdict(const char *verdict, FILE *out);

/*
 * A table in a box of its own that scrolls when it is too wide; label says what the box holds.
 * Style, of page.css: "pinned" keeps the first column in sight, "facts" is for words; "" for
 * neither.
 */
void html_table_begin(const char *style, const char *label, FILE *out);
void html_table_end(FILE *out);

/* Cells of its heading row, one a column; those whose title begins with '#' are of numbers. */
void html_columns(const char *const *titles, size_t count, FILE *out);

/* A cell of each kind: <td class="number"> with html_number(), <td> with html_text(). */
void html_number_cell(const json_t *value, FILE *out);
void html_text_cell(const char *text, FILE *out);

#endif
