/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the terminal's table and report.md show of the rows of a GPU run. */
#ifndef EXITLAB_GPU_COLUMNS_H
#define EXITLAB_GPU_COLUMNS_H

#include <jansson.h>
#include <stdio.h>

#define GPU_CELL    64 /* bytes of a cell, its terminator included */
#define GPU_COLUMNS 10

struct gpu_column {
	const char *title, *key;
	int width; /* at least; negative: to the left */
	/* "-" where the row has no such number: never a zero. */
	void (*cell)(const json_t *row, const char *key, char text[GPU_CELL]);
};

extern const struct gpu_column gpu_columns[GPU_COLUMNS];

/* What two of them are, in a sentence each. */
extern const char gpu_worst_note[];

/* The rows of a summary that are not planned only; a new reference. */
json_t *gpu_measured(const json_t *summary);

/* "IS 3 rows, LLM 10 rows": those that are, between bullet and end; nothing without any. */
void gpu_planned(const json_t *summary, const char *bullet, const char *end, FILE *out);

#endif
