/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `exitlab pathlength`: the path length of every row, in a matrix of what may change it. */
#ifndef EXITLAB_PATHLENGTH_H
#define EXITLAB_PATHLENGTH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* What is varied. */
enum factor {
	FACTOR_KERNEL,
	FACTOR_MITIGATIONS,
	FACTOR_MACHINE,
	FACTOR_DEBUGCON,
	FACTOR_ATTACHED,
	FACTORS
};
extern const char *const factor_names[FACTORS];

#define VALUES_MOST 32 /* of one factor */

/* One combination of values, and what came of its boot. */
struct pathlength_cell {
	const char *value[FACTORS];
	const char *verdict; /* "ok", "WAIVED", "FAILED" */
	char reason[512];    /* of a verdict that is not ok */
	char run[256];	     /* its directory within the archive; empty where nothing is */
	json_t *summary;     /* of its boot; NULL without one */
};

struct matrix {
	char *kernels;				     /* the list, cut into words */
	const char *value[FACTORS][VALUES_MOST + 1]; /* the first is the base's; NULL at the end */
	struct pathlength_cell *cells;		     /* the first is the base */
	size_t count;
};

/*
 * Makes the cells, without verdicts. kernels: packages and images, separated by spaces or commas,
 * the base's first. vary: names of factors, separated by commas; NULL: all. The cells are the base,
 * those in which one factor is another's, and kernels by mitigations in full; full: all there are.
 * 0, or -1 with one line in why.
 */
int matrix_make(struct matrix *matrix, const char *kernels, const char *vary, bool full, char *why,
		size_t size);

/* Forgets what came of the cells' boots. */
void matrix_forget(struct matrix *matrix);

void matrix_free(struct matrix *matrix);

/* The value for people: of a kernel its version, "6.12.117+deb12". Returns text. */
char *factor_text(enum factor factor, const char *value, char *text, size_t size);

/* What the cell has that the base has not, "6.1.0-56 mitigations=off"; "base". Returns text. */
char *cell_label(const struct matrix *matrix, const struct pathlength_cell *cell, char *text,
		 size_t size);

/*
 * summary.json of kind pathlength (results/README.md) from the cells; time is when it began. A new
 * reference.
 */
json_t *pathlength_summary(const struct matrix *matrix, const char *time);

/*
 * Is the p50 of this one of the summary's rows not the same in the next run: by its nature, since
 * it waits, or by what is seen of it?
 */
bool pathlength_varies(const json_t *row);

/* The same for people and for spreadsheets. They have no times, so equal runs give equal bytes. */
void pathlength_table(const json_t *summary, FILE *out);
void pathlength_markdown(const json_t *summary, FILE *out);
void pathlength_csv(const json_t *summary, FILE *out);

/* An SVG, the caller's; NULL where gnuplot is missing or failed, as gnuplot_draw() says. */
char *pathlength_plot(const json_t *summary);

#endif
