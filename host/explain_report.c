// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The profile of a row for people. */
#include <string.h>

#include "explain.h"
#include "json_file.h"
#include "report.h"

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *layer_title(const json_t *object)
{
	for (int i = 0; i < LAYERS; i++)
		if (!strcmp(layer_names[i].id, json_text(object, "layer")))
			return layer_names[i].title;
	return "?";
}

static void print_heading(const json_t *summary, const char *end, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup");

	fprintf(out, "host    Linux %s, %s%s", json_text(setup, "kernel"), json_text(setup, "cpu"),
		end);
	fprintf(out, "guest   Linux %s on QEMU %s, %s, debugcon %s%s",
		json_text(setup, "guest_kernel"), json_text(setup, "qemu"),
		json_text(setup, "machine"), json_text(setup, "debugcon"), end);
	fprintf(out,
		"row     %s: p50 %lld insns, all of them below; %lld samples took this way, "
		"instruction by instruction\n",
		json_text(summary, "row"), number(summary, "length"), number(summary, "same"));
}

void explain_text(const json_t *summary, FILE *out)
{
	long long length = number(summary, "length"), sum = 0;
	const json_t *row;
	size_t i;

	print_heading(summary, "\n", out);
	fputs("\n  insns  share  layer\n", out);
	json_array_foreach (json_object_get(summary, "layers"), i, row) {
		fprintf(out, "%7lld %5.1f%%  %s\n", number(row, "p50"),
			100.0 * number(row, "p50") / length, layer_title(row));
	}
	fprintf(out,
		"%7lld %5.1f%%  p50\n%7lld         the empty bracket\n%7lld         the exit\n",
		length, 100.0, number(summary, "floor"), number(summary, "exit"));
	fputs("\n  insns  share    sum  of                  function\n", out);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		sum += number(row, "p50");
		fprintf(out, "%7lld %5.1f%% %5.1f%%  %-18s  %s\n", number(row, "p50"),
			100.0 * number(row, "p50") / length, 100.0 * sum / length,
			json_text(row, "object"), json_text(row, "function"));
	}
}

void explain_markdown(const json_t *summary, FILE *out)
{
	long long length = number(summary, "length"), sum = 0;
	const json_t *row;
	size_t i;

	fputs("# Where the instructions of ", out);
	markdown_text(json_text(summary, "row"), out);
	fputs(" are\n\n", out);
	print_heading(summary, "\\\n", out);
	fputs("\n| layer | insns | share |\n| --- | ---: | ---: |\n", out);
	json_array_foreach (json_object_get(summary, "layers"), i, row) {
		fprintf(out, "| %s | %lld | %.1f%% |\n", layer_title(row), number(row, "p50"),
			100.0 * number(row, "p50") / length);
	}
	fprintf(out,
		"| **p50** | %lld | 100.0%% |\n| the empty bracket | %lld | |\n"
		"| the exit | %lld | |\n",
		length, number(summary, "floor"), number(summary, "exit"));
	fputs("\n![instructions by call stack](explain.svg)\n"
	      "\n| function | of | layer | insns | share | sum |\n| --- | --- | --- | ---: | ---: | "
	      "---: |\n",
	      out);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		sum += number(row, "p50");
		fputs("| ", out);
		markdown_text(json_text(row, "function"), out);
		fputs(" | ", out);
		markdown_text(json_text(row, "object"), out);
		fprintf(out, " | %s | %lld | %.1f%% | %.1f%% |\n", layer_title(row),
			number(row, "p50"), 100.0 * number(row, "p50") / length,
			100.0 * sum / length);
	}
}
