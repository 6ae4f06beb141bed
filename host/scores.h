/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a GPU run is worth beside a reference run of the same GPU: a score from 0 to 1 for each
 * metric, category and the whole, with grades. No constant of anybody's hardware is in it.
 */
#ifndef EXITLAB_SCORES_H
#define EXITLAB_SCORES_H

#include <jansson.h>
#include <stdio.h>

/*
 * The "scores" of a run's summary.json, whose keys results/README.md explains; the caller owns
 * them. NULL with one line on stderr where the two are not GPU runs of the same GPU.
 *
 * A row scores its ratio to the reference in the good direction, 1 at most; one that is judged by
 * difference (row_rule.h) 1 less its worsening, as a share of what the rule calls the worst. A
 * metric scores the geometric mean of its rows, 0 where one is FAILED or INVALID; a category the
 * mean of its metrics; the whole the weighted mean of the categories. What is WAIVED in either run,
 * or has no number in the reference, is not counted, and that is said.
 */
json_t *scores_of(const json_t *summary, const json_t *reference);

/*
 * Is the reference none for the run, whose kind and setup.gpu are enough? 0, or -1 with one line on
 * stderr.
 */
int scores_refuse(const json_t *summary, const json_t *reference);

/* The scores of a summary as a table for a terminal, and as markdown; nothing where it has none. */
void scores_table(const json_t *summary, FILE *out);
void scores_markdown(const json_t *summary, FILE *out);

/* "A+", of a score from 0 to 1. */
const char *scores_grade(double score);

/* "A+ from 0.98, A 0.95, ...": the thresholds in a line. */
void scores_thresholds(FILE *out);

#endif
