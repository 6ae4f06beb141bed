/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of report.html, between the files host/report_html*.c. */
#ifndef EXITLAB_REPORT_HTML_H
#define EXITLAB_REPORT_HTML_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* "13 PROVED, 2 INVALID": each verdict in the order in which it first appears. */
void html_verdicts(const json_t *rows, FILE *out);

/* Why rows are not PROVED, or not ok, a line for those of one reason; nothing where all are. */
void html_reasons(const json_t *rows, FILE *out);

/* How to make such a run and report again; and which exitlab measured. */
void html_repeat(const json_t *summary, FILE *out);
void html_foot(const json_t *summary, FILE *out);

/* A section for each row: charts, percentiles, what disturbed it, what was counted. */
void html_rows(const json_t *summary, FILE *out);

/* The evidence of all rows as a table; nothing where none has any. */
void html_proof(const json_t *summary, FILE *out);

/* The report card, and the host, and guest or GPU, with all that may explain a number. */
void html_card(const json_t *summary, FILE *out);
void html_host(const json_t *summary, FILE *out);

#endif
