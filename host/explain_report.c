// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the instructions of one sample to a table of functions. */
#include <stdbool.h>
#include <string.h>

#include "exit_rows.h"
#include "explain.h"
#include "json_file.h"
#include "lab/trace.h"
#include "report.h"
#include "util.h"

#define KERNEL_SPACE  (1ull << 63)
#define GUEST_MODULES 0xffffffffc0000000ull

/* Whose an instruction is, from the guest outwards. */
enum part { PART_PROGRAM, PART_GUEST, PART_KVM, PART_KERNEL, PART_QEMU, PARTS };
static const char *const part_names[PARTS] = {"guest program", "guest kernel", "KVM", "host kernel",
					      "QEMU"};

struct place {
	enum part part;
	const char *object, *function;
};

static struct place place_of(const struct names *names, uint64_t instruction)
{
	uint64_t address = trace_address(instruction);
	bool kernel = address >= KERNEL_SPACE;
	struct place place;

	if (trace_level(instruction) == TRACE_GUEST) {
		place = (struct place){kernel ? PART_GUEST : PART_PROGRAM,
				       kernel ? "kernel" : "measure", "?"};
		if (address >= GUEST_MODULES)
			place.object = "kexit";
		else if (kernel && names->guest)
			symbols_find(names->guest, address, &place.function, &place.object);
		return place;
	}
	symbols_find(names->lab, address, &place.function, &place.object);
	place.part = !kernel				? PART_QEMU
		     : !strncmp(place.object, "kvm", 3) ? PART_KVM
							: PART_KERNEL;
	return place;
}

/*
 * Is the instruction left by an exit? The plugin sees it begin, but it is not executed: the clock
 * does not count it.
 */
static bool exits(const struct trace *trace, const struct trace_path *way, uint32_t i)
{
	const uint64_t *instruction = &trace->instruction[way->first];

	return trace_level(instruction[i]) == TRACE_GUEST && i + 1 < way->length &&
	       trace_level(instruction[i + 1]) == TRACE_HOST;
}

/* The instructions of a way that were executed. */
static uint32_t executed(const struct trace *trace, const struct trace_path *way)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < way->length; i++)
		count += !exits(trace, way, i);
	return count;
}

/* The way that most samples of the length took, those of the row's ring; NULL where none did. */
static const struct trace_path *way_of(const struct trace *trace, uint32_t length, bool ring0)
{
	const struct trace_path *best = NULL;

	for (const struct trace_path *path = trace->path; path < trace->path + trace->paths;
	     path++) {
		bool kernel = trace_address(trace->instruction[path->first]) >= KERNEL_SPACE;

		if (executed(trace, path) == length && kernel == ring0 &&
		    (!best || path->samples > best->samples))
			best = path;
	}
	return best;
}

/* Adds one instruction to its function's line. */
static void count(json_t *rows, const struct place *place)
{
	json_t *row, *found = NULL;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (!strcmp(json_text(row, "function"), place->function) &&
		    !strcmp(json_text(row, "object"), place->object) &&
		    !strcmp(json_text(row, "part"), part_names[place->part])) {
			found = row;
			break;
		}
	}
	if (!found) {
		found = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:i}", "id",
				  json_sprintf("%s: %s", place->object, place->function), "part",
				  part_names[place->part], "object", place->object, "function",
				  place->function, "unit", "insns", "better", "lower", "p50", 0);
		json_array_append_new(rows, found);
	}
	json_object_set_new(found, "p50",
			    json_integer(json_integer_value(json_object_get(found, "p50")) + 1));
}

static json_int_t insns(const json_t *row)
{
	return json_integer_value(json_object_get(row, "p50"));
}

/* The largest first; equal ones in the order in which they were met. A new reference. */
static json_t *sorted(json_t *rows)
{
	json_t *out = json_array();

	while (json_array_size(rows)) {
		size_t largest = 0;

		for (size_t i = 1; i < json_array_size(rows); i++)
			if (insns(json_array_get(rows, i)) > insns(json_array_get(rows, largest)))
				largest = i;
		json_array_append(out, json_array_get(rows, largest));
		json_array_remove(rows, largest);
	}
	json_decref(rows);
	return out;
}

json_t *explain_summary(const json_t *boot, const char *row, const struct trace *trace,
			const struct names *names, const char *time, char *why, size_t size)
{
	const json_t *measured = summary_row(boot, row);
	const json_t *p50 = json_object_get(measured, "p50");
	bool ring0 = !strncmp(row, "kernel.", 7);
	const struct trace_path *way;
	json_t *rows, *parts;

	if (!p50) {
		snprintf(why, size, "%s: %s: %s", row, json_text(measured, "verdict"),
			 json_text(measured, "reason"));
		return NULL;
	}
	way = way_of(trace, json_integer_value(p50), ring0);
	if (!way) {
		snprintf(why, size,
			 "of %llu samples none has %lld instructions, as the clock says: is the "
			 "guest older than this exitlab?",
			 (unsigned long long)trace->samples, (long long)json_integer_value(p50));
		return NULL;
	}
	rows = json_array();
	parts = json_array();
	for (int i = 0; i < PARTS; i++)
		json_array_append_new(parts,
				      json_pack("{s:s, s:i}", "part", part_names[i], "p50", 0));
	for (uint32_t i = 0; i < way->length; i++) {
		struct place place = place_of(names, trace->instruction[way->first + i]);
		json_t *part = json_array_get(parts, place.part);

		if (exits(trace, way, i))
			continue;
		count(rows, &place);
		json_object_set_new(part, "p50", json_integer(insns(part) + 1));
	}
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_object_set(json_array_get(rows, i), "verdict",
				json_object_get(measured, "verdict"));
		json_object_set(json_array_get(rows, i), "reason",
				json_object_get(measured, "reason"));
	}
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:O*, s:O*, s:O*, s:s, s:O*, s:s, s:i, s:i, s:I, s:I, s:o, "
		"s:o}",
		"schema", "exitlab-summary/1", "kind", "explain", "host", "lab", "time", time,
		"tool", json_object_get(boot, "tool"), "clock", json_object_get(boot, "clock"),
		"emulated", json_object_get(boot, "emulated"), "status", "ok", "setup",
		json_object_get(boot, "setup"), "row", row, "length", (int)executed(trace, way),
		"same", (int)way->samples, "index", (json_int_t)(way - trace->path), "lost",
		(json_int_t)trace->lost, "parts", parts, "rows", sorted(rows));
}

static long long number(const json_t *summary, const char *key)
{
	return json_integer_value(json_object_get(summary, key));
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
		"instruction by instruction%s",
		json_text(summary, "row"), number(summary, "length"), number(summary, "same"), end);
}

void explain_text(const json_t *summary, FILE *out)
{
	long long length = number(summary, "length"), sum = 0;
	const json_t *row;
	size_t i;

	print_heading(summary, "\n", out);
	fputs("\n  insns  share\n", out);
	json_array_foreach (json_object_get(summary, "parts"), i, row) {
		if (insns(row))
			fprintf(out, "%7lld %5.1f%%  %s\n", (long long)insns(row),
				100.0 * insns(row) / length, json_text(row, "part"));
	}
	fputs("\n  insns  share    sum  of                  function\n", out);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		sum += insns(row);
		fprintf(out, "%7lld %5.1f%% %5.1f%%  %-18s  %s\n", (long long)insns(row),
			100.0 * insns(row) / length, 100.0 * sum / length,
			!strcmp(json_text(row, "part"), "guest kernel") ? "guest kernel"
									: json_text(row, "object"),
			json_text(row, "function"));
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
	fputs("\n| part | insns | share |\n| --- | ---: | ---: |\n", out);
	json_array_foreach (json_object_get(summary, "parts"), i, row) {
		fprintf(out, "| %s | %lld | %.1f%% |\n", json_text(row, "part"),
			(long long)insns(row), 100.0 * insns(row) / length);
	}
	fputs("\n| function | of | part | insns | share | sum |\n| --- | --- | --- | ---: | ---: | "
	      "---: |\n",
	      out);
	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		sum += insns(row);
		fputs("| ", out);
		markdown_text(json_text(row, "function"), out);
		fputs(" | ", out);
		markdown_text(json_text(row, "object"), out);
		fprintf(out, " | %s | %lld | %.1f%% | %.1f%% |\n", json_text(row, "part"),
			(long long)insns(row), 100.0 * insns(row) / length, 100.0 * sum / length);
	}
}

void explain_way(const json_t *summary, const struct trace *trace, const struct names *names,
		 FILE *out)
{
	const struct trace_path *way = &trace->path[number(summary, "index")];
	struct place before = {PARTS, "", ""};
	unsigned int run = 0;

	for (uint32_t i = 0; i <= way->length; i++) {
		struct place place = {PARTS, "", ""};

		if (i < way->length && exits(trace, way, i))
			continue;
		if (i < way->length)
			place = place_of(names, trace->instruction[way->first + i]);
		if (run && (place.part != before.part || strcmp(place.object, before.object) ||
			    strcmp(place.function, before.function))) {
			fprintf(out, "%6u  %-13s  %-20s  %s\n", run, part_names[before.part],
				before.object, before.function);
			run = 0;
		}
		before = place;
		run++;
	}
}
