// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the instructions of one sample to tables of layers and of functions, and whether they add
 * up. */
#include <string.h>

#include "explain.h"
#include "explain_fold.h"
#include "json_file.h"

/* Of insn.h's bracket, what lies between the clock's two readings: LFENCE, two MOV, one read. */
#define BRACKET_INSNS 4

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

struct way *explain_way(const json_t *boot, const char *row, const struct trace *trace,
			const struct names *names, char *why, size_t size)
{
	const json_t *measured = summary_row(boot, row);
	struct way *way;

	if (!json_object_get(measured, "p50")) {
		snprintf(why, size, "%s: %s: %s", row, json_text(measured, "verdict"),
			 json_text(measured, "reason"));
		return NULL;
	}
	way = way_of(trace, names, number(measured, "p50"), !strncmp(row, "kernel.", 7));
	if (!way)
		snprintf(why, size,
			 "of %llu samples none has %lld instructions, as the clock says: is the "
			 "guest older than this exitlab?",
			 (unsigned long long)trace->samples, (long long)number(measured, "p50"));
	return way;
}

static void add_one(json_t *object)
{
	json_object_set_new(object, "p50", json_integer(number(object, "p50") + 1));
}

static json_t *function_row(const struct place *place, const json_t *measured)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:i, s:O*, s:O*}", "id",
			 json_sprintf("%s: %s", place->object, place->function), "layer",
			 layer_names[place->layer].id, "object", place->object, "function",
			 place->function, "unit", "insns", "better", "lower", "p50", 0, "verdict",
			 json_object_get(measured, "verdict"), "reason",
			 json_object_get(measured, "reason"));
}

/* The row of the place's function; a new one where there is none yet. */
static json_t *row_of(json_t *rows, const struct place *place, const json_t *measured)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!strcmp(json_text(row, "function"), place->function) &&
		    !strcmp(json_text(row, "object"), place->object))
			return row;
	}
	row = function_row(place, measured);
	json_array_append_new(rows, row);
	return row;
}

/* The largest first; equal ones in the order in which they were met. A new reference. */
static json_t *sorted(json_t *rows)
{
	json_t *out = json_array();

	while (json_array_size(rows)) {
		size_t largest = 0;

		for (size_t i = 1; i < json_array_size(rows); i++)
			if (number(json_array_get(rows, i), "p50") >
			    number(json_array_get(rows, largest), "p50"))
				largest = i;
		json_array_append(out, json_array_get(rows, largest));
		json_array_remove(rows, largest);
	}
	json_decref(rows);
	return out;
}

json_t *explain_summary(const json_t *boot, const char *row, const struct way *way,
			const char *time)
{
	const json_t *measured = summary_row(boot, row);
	json_t *rows = json_array(), *layers = json_array();
	json_int_t floor = number(measured, "floor");

	for (int i = 0; i < LAYERS; i++)
		json_array_append_new(
			layers, json_pack("{s:s, s:i}", "layer", layer_names[i].id, "p50", 0));
	for (size_t i = 0; i < way->length; i++) {
		add_one(json_array_get(layers, way->place[i].layer));
		add_one(row_of(rows, &way->place[i], measured));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:O*, s:O*, s:O*, s:s, s:O*, s:s, s:I, s:I, s:I, "
			 "s:I, s:I, s:o, s:o}",
			 "schema", "exitlab-summary/1", "kind", "explain", "host", "lab", "time",
			 time, "tool", json_object_get(boot, "tool"), "clock",
			 json_object_get(boot, "clock"), "emulated",
			 json_object_get(boot, "emulated"), "status", "ok", "setup",
			 json_object_get(boot, "setup"), "row", row, "length",
			 number(measured, "p50"), "floor", floor, "exit",
			 number(measured, "p50") - floor, "same", (json_int_t)way->same, "index",
			 (json_int_t)way->number, "layers", layers, "rows", sorted(rows));
}

static json_int_t sum(const json_t *array)
{
	json_int_t total = 0;
	const json_t *element;
	size_t i;

	json_array_foreach (array, i, element) {
		total += number(element, "p50");
	}
	return total;
}

bool explain_adds_up(const json_t *summary, const struct frame *stacks, char *why, size_t size)
{
	json_int_t length = number(summary, "length"), floor = number(summary, "floor");
	json_int_t layers = sum(json_object_get(summary, "layers"));
	json_int_t functions = sum(json_object_get(summary, "rows"));

	if (layers == length && functions == length && stacks->total == length &&
	    floor == BRACKET_INSNS)
		return true;
	snprintf(why, size,
		 "the profile does not add up: p50 %lld, layers %lld, functions %lld, stacks %u; "
		 "empty bracket %lld, which has %d instructions",
		 (long long)length, (long long)layers, (long long)functions, stacks->total,
		 (long long)floor, BRACKET_INSNS);
	return false;
}
