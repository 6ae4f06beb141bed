// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* summary.json of a matrix, from those of its boots. */
#include <string.h>

#include "exit_rows.h"
#include "json_file.h"
#include "pathlength.h"
#include "util.h"

/* What of a boot's row is kept: enough to see whether its samples are one length. */
static const char *const kept[] = {"n", "min", "p25", "p50", "p75", "p90", "p99", "max"};

static json_t *cell_json(const struct matrix *matrix, const struct pathlength_cell *cell)
{
	const json_t *setup = json_object_get(cell->summary, "setup");
	char text[200];
	json_t *out = json_pack("{s:s}", "cell", cell_label(matrix, cell, text, sizeof(text)));

	for (int i = 0; i < FACTORS; i++)
		json_object_set_new(
			out, factor_names[i],
			json_string(factor_text(i, cell->value[i], text, sizeof(text))));
	json_object_set_new(out, "kernel_named", json_string(cell->value[FACTOR_KERNEL]));
	json_object_set_new(out, "kernel_release",
			    setup ? json_string(json_text(setup, "kernel")) : json_null());
	json_object_set_new(out, "verdict", json_string(cell->verdict));
	json_object_set_new(out, "reason", json_string(cell->reason));
	json_object_set_new(out, "run", json_string(cell->run));
	return out;
}

/* One row in one cell; NULL where its boot does not have the row. */
static json_t *row_json(const struct matrix *matrix, const struct pathlength_cell *cell,
			const char *id)
{
	const json_t *row = summary_row(cell->summary, id);
	const json_t *p50 = json_object_get(row, "p50");
	const json_t *base = json_object_get(summary_row(matrix->cells[0].summary, id), "p50");
	char label[200];
	json_t *out;

	cell_label(matrix, cell, label, sizeof(label));
	if (!cell->summary)
		return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "id",
				 json_sprintf("%s, %s", id, label), "row", id, "cell", label,
				 "unit", "insns", "better", "lower", "verdict", cell->verdict,
				 "reason", cell->reason);
	if (!row)
		return NULL;
	out = json_pack("{s:o, s:s, s:s, s:O?, s:O?, s:O?, s:O?}", "id",
			json_sprintf("%s, %s", id, label), "row", id, "cell", label, "unit",
			json_object_get(row, "unit"), "better", json_object_get(row, "better"),
			"verdict", json_object_get(row, "verdict"), "reason",
			json_object_get(row, "reason"));
	for (size_t i = 0; p50 && i < ARRAY_SIZE(kept); i++)
		json_object_set(out, kept[i], json_object_get(row, kept[i]));
	if (p50)
		json_object_set_new(
			out, "difference",
			base ? json_integer(json_integer_value(p50) - json_integer_value(base))
			     : json_null());
	return out;
}

static bool any_has(const struct matrix *matrix, const char *id)
{
	for (size_t i = 0; i < matrix->count; i++)
		if (summary_row(matrix->cells[i].summary, id))
			return true;
	return false;
}

/* "failed" before "invalid": a boot that failed may hide what is invalid. */
static const char *status_of(const json_t *cells, const json_t *rows)
{
	if (json_find(cells, "verdict", "FAILED"))
		return "failed";
	return json_find(rows, "verdict", "INVALID") ? "invalid" : "ok";
}

json_t *pathlength_summary(const struct matrix *matrix, const char *time)
{
	const json_t *base = matrix->cells[0].summary;
	json_t *cells = json_array(), *rows = json_array();

	for (size_t i = 0; i < matrix->count; i++)
		json_array_append_new(cells, cell_json(matrix, &matrix->cells[i]));
	for (int row = 0; row < EXIT_ROWS; row++) {
		if (!any_has(matrix, exit_rows[row].id))
			continue;
		for (size_t i = 0; i < matrix->count; i++) {
			json_t *out = row_json(matrix, &matrix->cells[i], exit_rows[row].id);

			if (out)
				json_array_append_new(rows, out);
		}
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:O*, s:O*, s:O*, s:s, s:O*, s:o, s:o}", "schema",
			 "exitlab-summary/1", "kind", "pathlength", "host", "lab", "time", time,
			 "tool", json_object_get(base, "tool"), "clock",
			 json_object_get(base, "clock"), "emulated",
			 json_object_get(base, "emulated"), "status", status_of(cells, rows),
			 "setup", json_object_get(base, "setup"), "cells", cells, "rows", rows);
}
