// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The records of a run of VM exits: their order, and what they say of each other. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "record.h"
#include "util.h"

/* What INFO's line "contamination=" may say; anything else means that nothing could be told. */
static const struct {
	const char *text;
	uint32_t causes;
} contaminations[] = {
	{"interrupts", DISTURBED_INTERRUPT},
	{"interrupts,steal", DISTURBED_INTERRUPT | DISTURBED_STEAL},
};

#define BAD RECORD_REFUSE

enum record_status record_parse(const void *data, size_t size, struct record *out,
				char why[RECORD_WHY])
{
	return record_parse_as(&record_format_exits, data, size, out, why);
}

static const char *pass_name(uint8_t pass)
{
	return pass == PASS_TIMED ? "timed pass" : "proof pass";
}

void record_describe(const struct record *record, char *text, size_t size)
{
	uint16_t kind = record->header.kind;
	const char *name = record->row < 0 ? record_kind_name(kind) : exit_rows[record->row].id;

	snprintf(text, size, "%s%s%s%s", name, record->header.pass ? ", " : "",
		 record->header.pass ? pass_name(record->header.pass) : "",
		 kind == RECORD_DISTURBED ? ", disturbed" : "");
}

const struct record_format record_format_exits = {
	.first = 1,
	.last = RECORD_VERSION,
	.clocks = 1u << CLOCK_TSC | 1u << CLOCK_INSN,
	.what = "a run of VM exits",
	.table = "exits.def",
	.row_of_wire = exit_row_of_wire,
	.describe = record_describe,
};

const char *record_info(const struct record_file *file, const char *key, size_t *length)
{
	return record_text(&file->info, key, length);
}

struct disturbed record_disturbed(const struct record *record, uint32_t index)
{
	struct disturbed disturbed;

	memcpy(&disturbed, (const char *)record->payload + (size_t)index * sizeof(disturbed),
	       sizeof(disturbed));
	return disturbed;
}

static uint32_t causes_told(const struct record_file *file)
{
	size_t length;
	const char *text = record_info(file, "contamination", &length);
	/* Version 1 cannot keep the promise: it has no DISTURBED. */
	bool told = text && file->info.header.version > 1;

	for (size_t i = 0; told && i < ARRAY_SIZE(contaminations); i++)
		if (strlen(contaminations[i].text) == length &&
		    !memcmp(contaminations[i].text, text, length))
			return contaminations[i].causes;
	return 0;
}

/* Is every flag what it claims? The walk knows the row already. */
static enum record_status check_disturbed(const struct record_file *file,
					  const struct record *record, char why[RECORD_WHY])
{
	uint32_t samples = file->rows[record->header.pass][record->row].header.count, next = 0;

	if (!file->causes)
		return BAD("DISTURBED, though INFO names nothing that the guest can tell");
	for (uint32_t i = 0; i < record->header.count; i++) {
		struct disturbed disturbed = record_disturbed(record, i);

		if (disturbed.sample >= samples)
			return BAD("sample %u is disturbed, of %u", disturbed.sample, samples);
		if (disturbed.sample < next)
			return BAD("disturbed samples are not in ascending order at %u",
				   disturbed.sample);
		if (!disturbed.causes || disturbed.causes & ~file->causes)
			return BAD("sample %u is disturbed by causes 0x%x, INFO names 0x%x",
				   disturbed.sample, disturbed.causes, file->causes);
		next = disturbed.sample + 1;
	}
	return RECORD_OK;
}

static enum record_status walk_row(struct record_walk *walk, const struct record *record,
				   char why[RECORD_WHY])
{
	struct record *slot = &walk->file->rows[record->header.pass][record->row];

	if (record->header.pass != walk->pass)
		return BAD("a row of the %s while the %s is open", pass_name(record->header.pass),
			   pass_name(walk->pass));
	if (slot->header.kind)
		return BAD("the row was there before in this pass");
	*slot = *record;
	if (record->header.kind == RECORD_ROW) {
		walk->row = slot;
		walk->pass_rows++;
		walk->totals.total += record->header.count;
	}
	walk->file->proof_pass |= walk->pass == PASS_PROOF;
	return RECORD_OK;
}

static enum record_status walk_disturbed(struct record_walk *walk, const struct record *record,
					 const struct record *row, char why[RECORD_WHY])
{
	const struct record_header *header = &record->header;

	if (!row || header->row != row->header.row || header->pass != row->header.pass)
		return BAD("DISTURBED does not follow the ROW that it is about");
	if (header->count > row->header.count)
		return BAD("%u disturbed samples of %u", header->count, row->header.count);
	walk->file->disturbed[header->pass][record->row] = *record;
	return RECORD_OK;
}

static enum record_status walk_pass(struct record_walk *walk, const struct record_header *header,
				    char why[RECORD_WHY])
{
	if (header->pass != walk->pass)
		return BAD("the end of a pass that is not open");
	if (header->executed != walk->pass_rows)
		return BAD("PASS claims %" PRIu64 " rows, %" PRIu64 " are there", header->executed,
			   walk->pass_rows);
	walk->totals.executed += walk->pass_rows;
	walk->file->proof_pass |= walk->pass == PASS_PROOF;
	walk->pass_rows = 0;
	walk->pass++;
	return RECORD_OK;
}

static enum record_status walk_done(struct record_walk *walk, const struct record_header *header,
				    char why[RECORD_WHY])
{
	if (walk->pass == PASS_TIMED || walk->pass_rows ||
	    (walk->pass == PASS_PROOF && walk->file->proof_pass))
		return BAD("DONE before the end of the %s", pass_name(walk->pass));
	walk->done = record_check_done(header, "rows", walk->totals.executed, "samples",
				       walk->totals.total, why) == RECORD_OK;
	return walk->done ? RECORD_OK : RECORD_BAD;
}

void record_walk_begin(struct record_walk *walk, struct record_file *file)
{
	*file = (struct record_file){0};
	*walk = (struct record_walk){.file = file, .pass = PASS_TIMED};
}

enum record_status record_walk_step(struct record_walk *walk, const struct record *record,
				    char why[RECORD_WHY])
{
	const struct record *row = walk->row;
	struct record_file *file = walk->file;

	walk->row = NULL;
	if (walk->done)
		return BAD("a record after DONE");
	if (record_check_info(&record->header, walk->records, why) != RECORD_OK)
		return RECORD_BAD;
	if (walk->records++ && record->header.clock != file->clock)
		return BAD("the clock changes from %u to %u", file->clock, record->header.clock);
	if (walk->records > 1 && record->header.version != walk->version)
		return BAD("the version changes from %u to %u", walk->version,
			   record->header.version);
	if (row && file->causes && record->header.kind != RECORD_DISTURBED)
		return BAD("the row before has no DISTURBED, which INFO promises");
	switch (record->header.kind) {
	case RECORD_INFO:
		walk->version = record->header.version;
		file->info = *record;
		file->clock = record->header.clock;
		file->tsc_khz = record->header.tsc_khz;
		return RECORD_OK;
	case RECORD_PASS:
		return walk_pass(walk, &record->header, why);
	case RECORD_DONE:
		return walk_done(walk, &record->header, why);
	case RECORD_DISTURBED:
		return walk_disturbed(walk, record, row, why);
	default:
		return walk_row(walk, record, why);
	}
}

static enum record_status take(void *reader, const struct record *record, bool *done,
			       char why[RECORD_WHY])
{
	struct record_walk *walk = reader;
	enum record_status status = record_walk_step(walk, record, why);

	if (status == RECORD_OK && record->header.kind == RECORD_INFO)
		walk->file->causes = causes_told(walk->file);
	if (status == RECORD_OK && record->header.kind == RECORD_DISTURBED)
		status = check_disturbed(walk->file, record, why);
	*done = walk->done;
	return status;
}

int record_file_read(struct record_file *file, const void *data, size_t size, char why[RECORD_WHY])
{
	struct record_walk walk;

	record_walk_begin(&walk, file);
	return record_stream_read(&record_format_exits, take, &walk, data, size, why);
}

int record_file_open(struct record_file *file, const char *path, char why[RECORD_WHY])
{
	void *map;
	size_t size;

	if (record_map(path, &map, &size, why))
		return -1;
	if (record_file_read(file, map, size, why)) {
		munmap(map, size);
		return -1;
	}
	file->map = map;
	file->size = size;
	return 0;
}

void record_file_close(struct record_file *file)
{
	munmap(file->map, file->size);
	*file = (struct record_file){0};
}
