/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `exitlab compare`: from the summary.json of two or more runs, of whatever kind, to what changed.
 * What is found is one JSON object, exitlab-compare/1 (results/README.md); the rest prints it.
 */
#ifndef EXITLAB_COMPARE_H
#define EXITLAB_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One side of a comparison: a run, or several of the same thing. */
struct side {
	struct side_run {
		char *path; /* as given: a directory, or a summary.json */
		json_t *summary;
	} * runs;
	size_t count;
};

/*
 * Reads the runs that an argument names: RUN, or RUN,RUN,... All of a summary that a comparison
 * uses is checked. 0, or -1 with one line on stderr; then the side is empty.
 */
int side_read(struct side *side, const char *argument);
void side_free(struct side *side);

/*
 * May all runs of the sides be compared with each other? 0, or -1 with one line on stderr that
 * names what differs. common: rows that are not in all of them are left out, else they are a fault.
 */
int sides_check(const struct side *sides, size_t count, bool common);

/* The reason of a row that was not compared since it cannot be measured yet, by anybody. */
#define COMPARE_PLANNED "planned: there is no such measurement yet"

/* Is the row in all runs of the side? */
bool side_has_row(const struct side *side, const char *id);

/*
 * The comparison of the first side with each of the others, exitlab-compare/1; the caller owns it.
 * All text in it is fit for a terminal. margin: as judge_ratio() has it, for all rows; of a row in
 * % that is judged by difference, so many hundreds of percentage points. Negative: that of
 * row_rule.h.
 */
json_t *compare_sides(const struct side *sides, size_t count, double margin);

/* What differs between two runs besides their numbers: an array of { key, base, with }. */
json_t *compare_setups(const json_t *base, const json_t *with);

/* One line on stderr that cannot steer a terminal. -1. */
int refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The comparison as tables for a terminal, and as markdown. */
void compare_table(const json_t *comparison, FILE *out);
void compare_markdown(const json_t *comparison, FILE *out);

/*
 * One figure, the distributions of each row: the text of an SVG, the caller's to free; NULL with
 * errno as gnuplot_draw().
 */
char *compare_plot(const json_t *comparison, const struct side *sides, size_t count);

/* The same as the script that gnuplot gets. */
void compare_plot_script(const json_t *comparison, const struct side *sides, size_t count,
			 FILE *out);

#endif
