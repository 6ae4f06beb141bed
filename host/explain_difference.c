// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two profiles of a row side by side: in which layers and functions they differ. */
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "json_file.h"
#include "report.h"

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* The profile's row of the same function; NULL where it has none. */
static const json_t *same_function(const json_t *profile, const json_t *row)
{
	const json_t *other;
	size_t i;

	json_array_foreach (json_object_get(profile, "rows"), i, other) {
		if (!strcmp(json_text(other, "function"), json_text(row, "function")) &&
		    !strcmp(json_text(other, "object"), json_text(row, "object")))
			return other;
	}
	return NULL;
}

/* A function of either profile, with its instructions in both, where they are not as many. */
static void add_function(json_t *rows, const char *label, const json_t *function,
			 const json_t *base, const json_t *here)
{
	json_int_t before = number(base, "p50"), now = number(here, "p50");

	if (before == now)
		return;
	json_array_append_new(
		rows, json_pack("{s:o, s:s, s:O, s:O, s:O, s:s, s:s, s:I, s:I, s:I, s:O*, s:O*}",
				"id", json_sprintf("%s, %s", label, json_text(function, "id")),
				"cell", label, "layer", json_object_get(function, "layer"),
				"object", json_object_get(function, "object"), "function",
				json_object_get(function, "function"), "unit", "insns", "better",
				"lower", "base", before, "p50", now, "difference", now - before,
				"verdict", json_object_get(function, "verdict"), "reason",
				json_object_get(function, "reason")));
}

/* The largest difference first, be it more or less; equal ones in the order in which they were. */
static void append_sorted(json_t *out, json_t *rows)
{
	while (json_array_size(rows)) {
		size_t largest = 0;

		for (size_t i = 1; i < json_array_size(rows); i++)
			if (llabs(number(json_array_get(rows, i), "difference")) >
			    llabs(number(json_array_get(rows, largest), "difference")))
				largest = i;
		json_array_append(out, json_array_get(rows, largest));
		json_array_remove(rows, largest);
	}
	json_decref(rows);
}

static void add_functions(json_t *out, const char *label, const json_t *base, const json_t *profile)
{
	json_t *rows = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(base, "rows"), i, row) {
		add_function(rows, label, row, row, same_function(profile, row));
	}
	json_array_foreach (json_object_get(profile, "rows"), i, row) {
		if (!same_function(base, row))
			add_function(rows, label, row, NULL, row);
	}
	append_sorted(out, rows);
}

static void add_layers(json_t *out, const char *label, const json_t *base, const json_t *profile)
{
	for (int i = 0; i < LAYERS; i++) {
		const char *id = layer_names[i].id;
		json_int_t before =
			number(json_find(json_object_get(base, "layers"), "layer", id), "p50");
		json_int_t now =
			number(json_find(json_object_get(profile, "layers"), "layer", id), "p50");

		json_array_append_new(out, json_pack("{s:s, s:s, s:I, s:I, s:I}", "cell", label,
						     "layer", id, "base", before, "p50", now,
						     "difference", now - before));
	}
}

json_t *explain_difference(json_t *const *profiles, const char *const *labels, size_t count,
			   const char *time)
{
	json_t *cells = json_array(), *layers = json_array(), *rows = json_array();
	const json_t *base = profiles[0];

	for (size_t i = 0; i < count; i++) {
		json_array_append_new(
			cells, json_pack("{s:s, s:O, s:O, s:O, s:O*, s:I}", "cell", labels[i],
					 "length", json_object_get(profiles[i], "length"), "floor",
					 json_object_get(profiles[i], "floor"), "exit",
					 json_object_get(profiles[i], "exit"), "setup",
					 json_object_get(profiles[i], "setup"), "difference",
					 number(profiles[i], "length") - number(base, "length")));
		if (!i)
			continue;
		add_layers(layers, labels[i], base, profiles[i]);
		add_functions(rows, labels[i], base, profiles[i]);
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:O*, s:O*, s:O*, s:s, s:O*, s:O, s:o, s:o, s:o}",
			 "schema", "exitlab-summary/1", "kind", "explain-difference", "host", "lab",
			 "time", time, "tool", json_object_get(base, "tool"), "clock",
			 json_object_get(base, "clock"), "emulated",
			 json_object_get(base, "emulated"), "status", "ok", "setup",
			 json_object_get(base, "setup"), "row", json_object_get(base, "row"),
			 "cells", cells, "layers", layers, "rows", rows);
}

static json_int_t sum_of(const json_t *array, const char *label)
{
	json_int_t sum = 0;
	const json_t *element;
	size_t i;

	json_array_foreach (array, i, element) {
		if (!strcmp(json_text(element, "cell"), label))
			sum += number(element, "difference");
	}
	return sum;
}

bool explain_difference_adds_up(const json_t *summary, char *why, size_t size)
{
	const json_t *cell;
	size_t i;

	json_array_foreach (json_object_get(summary, "cells"), i, cell) {
		const char *label = json_text(cell, "cell");
		json_int_t layers = sum_of(json_object_get(summary, "layers"), label);
		json_int_t rows = sum_of(json_object_get(summary, "rows"), label);

		if (layers == number(cell, "difference") && rows == layers)
			continue;
		snprintf(why, size,
			 "the difference of %s does not add up: p50 %+lld, layers %+lld, "
			 "functions %+lld",
			 label, (long long)number(cell, "difference"), (long long)layers,
			 (long long)rows);
		return false;
	}
	return true;
}

static void print_cells(const json_t *summary, const char *end, FILE *out)
{
	const json_t *cell, *setup = json_object_get(summary, "setup");
	size_t i;

	fprintf(out, "host    %s, Linux %s%s", json_text(setup, "cpu"), json_text(setup, "kernel"),
		end);
	fprintf(out, "guest   Linux %s on QEMU %s, %s, debugcon %s%s",
		json_text(setup, "guest_kernel"), json_text(setup, "qemu"),
		json_text(setup, "machine"), json_text(setup, "debugcon"), end);
	json_array_foreach (json_object_get(summary, "cells"), i, cell) {
		fprintf(out, "%-7s %s: p50 %lld insns", i ? "" : "row",
			i ? json_text(cell, "cell") : json_text(summary, "row"),
			(long long)number(cell, "length"));
		if (i)
			fprintf(out, ", %+lld", (long long)number(cell, "difference"));
		fputs(end, out);
	}
}

/* The lines of one cell, of layers or of functions. */
static void print_text(const json_t *array, const char *label, FILE *out)
{
	const json_t *row;
	size_t i;

	json_array_foreach (array, i, row) {
		if (strcmp(json_text(row, "cell"), label))
			continue;
		fprintf(out, "%7lld %7lld %+8lld  ", (long long)number(row, "base"),
			(long long)number(row, "p50"), (long long)number(row, "difference"));
		if (json_object_get(row, "function"))
			fprintf(out, "%-18s  %s\n", json_text(row, "object"),
				json_text(row, "function"));
		else
			fprintf(out, "%s\n", layer_title(row));
	}
}

void explain_difference_text(const json_t *summary, FILE *out)
{
	const json_t *cell;
	size_t i;

	print_cells(summary, "\n", out);
	json_array_foreach (json_object_get(summary, "cells"), i, cell) {
		const char *label = json_text(cell, "cell");

		if (!i)
			continue;
		fprintf(out, "\n%s\n\n   base    here   change  layer\n", label);
		print_text(json_object_get(summary, "layers"), label, out);
		fprintf(out,
			"%7lld %7lld %+8lld  p50\n\n"
			"   base    here   change  of                  function\n",
			(long long)(number(cell, "length") - number(cell, "difference")),
			(long long)number(cell, "length"), (long long)number(cell, "difference"));
		print_text(json_object_get(summary, "rows"), label, out);
	}
}

static void print_markdown(const json_t *array, const char *label, FILE *out)
{
	const json_t *row;
	size_t i;

	json_array_foreach (array, i, row) {
		if (strcmp(json_text(row, "cell"), label))
			continue;
		fprintf(out, "| %lld | %lld | %+lld | ", (long long)number(row, "base"),
			(long long)number(row, "p50"), (long long)number(row, "difference"));
		if (json_object_get(row, "function")) {
			markdown_text(json_text(row, "object"), out);
			fputs(" | ", out);
			markdown_text(json_text(row, "function"), out);
			fputs(" | ", out);
		}
		fprintf(out, "%s |\n", layer_title(row));
	}
}

void explain_difference_markdown(const json_t *summary, FILE *out)
{
	const json_t *cell;
	size_t i;

	fputs("# Where the path of ", out);
	markdown_text(json_text(summary, "row"), out);
	fputs(" differs\n\n", out);
	print_cells(summary, "\\\n", out);
	json_array_foreach (json_object_get(summary, "cells"), i, cell) {
		const char *label = json_text(cell, "cell");

		if (!i)
			continue;
		fprintf(out,
			"\n## %s\n\n| base | here | change | layer |\n"
			"| ---: | ---: | ---: | --- |\n",
			label);
		print_markdown(json_object_get(summary, "layers"), label, out);
		fprintf(out,
			"| %lld | %lld | %+lld | **p50** |\n\n"
			"| base | here | change | of | function | layer |\n"
			"| ---: | ---: | ---: | --- | --- | --- |\n",
			(long long)(number(cell, "length") - number(cell, "difference")),
			(long long)number(cell, "length"), (long long)number(cell, "difference"));
		print_markdown(json_object_get(summary, "rows"), label, out);
	}
}
