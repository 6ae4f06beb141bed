/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The columns of a comparison's tables, between the files host/compare_*.c. */
#ifndef EXITLAB_COMPARE_COLUMNS_H
#define EXITLAB_COMPARE_COLUMNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define COMPARE_CELL 48 /* bytes of a cell: no number is longer */

/* The columns of numbers, between a row's name and its verdict. rows, row: of a comparison. */
extern const struct compare_column {
	const char *title;
	int width;
	void (*text)(const json_t *row, char text[COMPARE_CELL]);
	bool (*shown)(const json_t *rows); /* NULL: always */
} compare_columns[];
extern const size_t compare_column_count;

bool compare_column_shown(const struct compare_column *column, const json_t *rows);

/* The verdict, and what does not vouch for the row: in a table there is no room for more. */
const char *compare_verdict(const json_t *row, char text[COMPARE_CELL]);

/* The one unit of all rows, or where to find it. */
const char *compare_unit(const json_t *rows);

/* Have rows a margin of their own, or one in their unit? */
bool compare_has_margins(const json_t *rows);

#endif
