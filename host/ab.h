/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `exitlab ab`: the same rows with and without isolation, with and without interference. */
#ifndef EXITLAB_AB_H
#define EXITLAB_AB_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The cells of the experiment, in the order in which each round runs them. */
#define AB_CELLS 4
extern const struct ab_cell {
	const char *name;
	bool isolated, disturbed;
} ab_cells[AB_CELLS];

/* One cell's runs. */
struct ab_runs {
	char **path; /* directories of `exitlab boot`, one a round */
	size_t count;
};

/*
 * summary.json of kind isolation-ab (results/README.md): the samples of a cell's runs are pooled,
 * row by row. time and host name the experiment. A new reference, or NULL with one line on stderr.
 */
json_t *ab_summary(const struct ab_runs runs[AB_CELLS], const char *time);

/* Is a row of it INVALID? */
bool ab_invalid(const json_t *summary);

/* The same as a table for a terminal, and as report.md. */
void ab_table(const json_t *summary, FILE *out);
void ab_markdown(const json_t *summary, FILE *out);

#endif
