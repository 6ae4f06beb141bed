// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The QEMU tax: a row's p50 less that of the same row in a run of `exitlab floor`, which floor.json
 * in the run's directory is the summary.json of. It is read beside env.json, as evidence; a run
 * without it has no tax and its report is as if there were no such thing.
 */
#include <string.h>

#include "json_file.h"
#include "report.h"
#include "util.h"
#include "verdict.h"

int tax_check(const json_t *floor, char *why, size_t size)
{
	const char *status = json_text(floor, "status");

	if (strcmp(json_text(floor, "schema"), "exitlab-summary/1") ||
	    strcmp(json_text(floor, "kind"), "floor") ||
	    (strcmp(status, "unavailable") && !json_is_array(json_object_get(floor, "rows")))) {
		snprintf(why, size, "not the summary.json of a floor run; remove it");
		return -1;
	}
	return 0;
}

/* A line from a file, so that it cannot steer a terminal. */
static json_t *plain(const char *text)
{
	char line[512];
	size_t length = 0;

	for (; *text && length < sizeof(line); text++)
		if ((unsigned char)*text < 0x80) /* what is cut off must still be UTF-8 */
			line[length++] = *text < ' ' || *text == 0x7f ? ' ' : *text;
	return json_stringn(line, length);
}

/* Why the floor run says nothing about this one, or "". */
static const char *unfit(const json_t *summary, const json_t *floor)
{
	static const char *const alike[] = {"host", "clock", "emulated"};
	static const char *const setup[] = {"cpu", "kernel"};
	const json_t *ours = json_object_get(summary, "setup");
	const json_t *theirs = json_object_get(floor, "setup");

	if (!strcmp(json_text(floor, "status"), "unavailable"))
		return json_text(floor, "reason");
	for (size_t i = 0; i < ARRAY_SIZE(alike); i++)
		if (!json_equal(json_object_get(summary, alike[i]),
				json_object_get(floor, alike[i])))
			return "floor.json is of another host or clock";
	for (size_t i = 0; i < ARRAY_SIZE(setup); i++)
		if (strcmp(json_text(ours, setup[i]), json_text(theirs, setup[i])))
			return "floor.json is of another CPU or host kernel";
	return "";
}

/* The p50 of the same row without QEMU; NULL where that did not run or is INVALID. */
static const json_t *without_qemu(const json_t *floor, const char *id)
{
	const json_t *row = summary_row(floor, id);
	bool valid = strcmp(json_text(row, "verdict"), verdict_name(VERDICT_INVALID));

	return valid ? json_object_get(row, "p50") : NULL;
}

static void add_row(json_t *row, const json_t *floor)
{
	const json_t *ours = json_object_get(row, "p50");
	const json_t *theirs = without_qemu(floor, json_text(row, "id"));

	if (!json_is_integer(ours) || !json_is_integer(theirs))
		return;
	json_object_set_new(row, "p50_without_qemu", json_integer(json_integer_value(theirs)));
	json_object_set_new(row, "qemu_tax",
			    json_integer(json_integer_value(ours) - json_integer_value(theirs)));
}

void tax_add(json_t *summary, const json_t *floor)
{
	const char *reason;
	json_t *provenance, *row;
	size_t index;

	if (!floor)
		return;
	reason = unfit(summary, floor);
	provenance = json_pack("{s:o, s:o, s:o}", "reason", plain(reason), "time",
			       plain(json_text(floor, "time")), "machine",
			       plain(json_text(json_object_get(floor, "setup"), "machine")));
	json_object_set_new(summary, "floor_run", provenance);
	if (*reason)
		return;
	json_array_foreach (json_object_get(summary, "rows"), index, row) {
		add_row(row, floor);
	}
}

bool tax_known(const json_t *summary)
{
	const json_t *floor = json_object_get(summary, "floor_run");

	return floor && !*json_text(floor, "reason");
}

void tax_line(const json_t *summary, FILE *out)
{
	const json_t *floor = json_object_get(summary, "floor_run");

	if (tax_known(summary))
		fputs("tax: p50 less that of the same row without QEMU (exitlab floor)\n", out);
	else if (floor)
		fprintf(out, "no QEMU tax: %s\n", json_text(floor, "reason"));
}

/* An integer member of a row. */
static void cell(const json_t *row, const char *key, FILE *out)
{
	fprintf(out, " %" JSON_INTEGER_FORMAT " |", json_integer_value(json_object_get(row, key)));
}

void tax_markdown(const json_t *summary, FILE *out)
{
	const json_t *floor = json_object_get(summary, "floor_run"), *row;
	size_t index;

	if (!floor)
		return;
	fputs("## QEMU tax\n\n", out);
	if (!tax_known(summary)) {
		fputs("None: ", out);
		markdown_text(json_text(floor, "reason"), out);
		fputs(".\n\n", out);
		return;
	}
	fputs("p50 less p50 of the same row without QEMU, on the same host's KVM: a run of ", out);
	markdown_text(json_text(floor, "machine"), out);
	fputs(" at ", out);
	markdown_text(json_text(floor, "time"), out);
	fputs(".\n\n| row | p50 | without QEMU | tax |\n| --- | ---: | ---: | ---: |\n", out);
	json_array_foreach (json_object_get(summary, "rows"), index, row) {
		if (!json_object_get(row, "qemu_tax"))
			continue;
		fprintf(out, "| %s |", json_text(row, "id"));
		cell(row, "p50", out);
		cell(row, "p50_without_qemu", out);
		cell(row, "qemu_tax", out);
		fputc('\n', out);
	}
	fputc('\n', out);
}
