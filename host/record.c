// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The record reader: everything that comes out of a guest or an archive passes through here. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.h"
#include "util.h"

/* What a header of each kind must say. */
static const struct kind {
	const char *name;
	uint32_t width, least, most; /* payload: bytes of an element, range of their count */
	bool of_row, of_pass;
} kinds[] = {
	[RECORD_INFO] = {"INFO", 1, 0, RECORD_MAX_TEXT, false, false},
	[RECORD_ROW] = {"ROW", 4, 1, RECORD_MAX_SAMPLES, true, true},
	[RECORD_WAIVED] = {"WAIVED", 1, 0, RECORD_MAX_TEXT, true, true},
	[RECORD_PASS] = {"PASS", 0, 0, 0, false, true},
	[RECORD_DONE] = {"DONE", 0, 0, 0, false, false},
	[RECORD_DISTURBED] = {"DISTURBED", sizeof(struct disturbed), 0, RECORD_MAX_SAMPLES, true,
			      true},
};

/* The last kind of each version. */
static const uint16_t last_kinds[RECORD_VERSION + 1] = {[1] = RECORD_DONE, [2] = RECORD_DISTURBED};

/* What INFO's line "contamination=" may say; anything else means that nothing could be told. */
static const struct {
	const char *text;
	uint32_t causes;
} contaminations[] = {
	{"interrupts", DISTURBED_INTERRUPT},
	{"interrupts,steal", DISTURBED_INTERRUPT | DISTURBED_STEAL},
};

/* Fills in why; its value is the status to return. */
#define BAD(...) (snprintf(why, RECORD_WHY, __VA_ARGS__), RECORD_BAD)

static enum record_status check_header(const struct record_header *header, int row,
				       char why[RECORD_WHY])
{
	const struct kind *kind;

	if (header->magic != RECORD_MAGIC)
		return BAD("bad magic 0x%08x: not a record", header->magic);
	if (!header->version || header->version > RECORD_VERSION)
		return BAD("version %u: this exitlab reads versions 1 to %u", header->version,
			   RECORD_VERSION);
	if (header->kind < RECORD_INFO || header->kind > last_kinds[header->version])
		return BAD("unknown kind %u in version %u", header->kind, header->version);
	kind = &kinds[header->kind];
	if (header->width != kind->width)
		return BAD("%s with elements of %u bytes, not %u", kind->name, header->width,
			   kind->width);
	if (header->count < kind->least || header->count > kind->most)
		return BAD("%s with %u elements, not %u to %u", kind->name, header->count,
			   kind->least, kind->most);
	if (kind->of_row ? row < 0 : header->row != 0)
		return BAD(
			"%s of unknown row %u: not in exits.def; report the run with the exitlab that made it",
			kind->name, header->row);
	if (kind->of_pass ? header->pass != PASS_TIMED && header->pass != PASS_PROOF
			  : header->pass != 0)
		return BAD("%s of unknown pass %u", kind->name, header->pass);
	if (header->clock != CLOCK_TSC && header->clock != CLOCK_INSN)
		return BAD("unknown clock %u", header->clock);
	if (header->saturated > header->count)
		return BAD("%u saturated samples of %u", header->saturated, header->count);
	if (header->kind == RECORD_ROW && header->executed < header->count)
		return BAD("%u samples of %" PRIu64 " executions", header->count, header->executed);
	if (header->reserved)
		return BAD("reserved field is not 0");
	return RECORD_OK;
}

enum record_status record_parse(const void *data, size_t size, struct record *out,
				char why[RECORD_WHY])
{
	*out = (struct record){.row = -1, .length = sizeof(out->header)};
	if (size < sizeof(out->header))
		return RECORD_MORE;
	memcpy(&out->header, data, sizeof(out->header));
	out->row = exit_row_of_wire(out->header.row);
	if (check_header(&out->header, out->row, why) == RECORD_BAD)
		return RECORD_BAD;
	out->length += (uint64_t)out->header.count * out->header.width;
	if (size < out->length)
		return RECORD_MORE;
	out->payload = (const char *)data + sizeof(out->header);
	if (record_checksum(&out->header, out->payload) != out->header.checksum)
		return BAD("checksum does not match");
	return RECORD_OK;
}

static const char *pass_name(uint8_t pass)
{
	return pass == PASS_TIMED ? "timed pass" : "proof pass";
}

void record_describe(const struct record *record, char *text, size_t size)
{
	const struct kind *kind = &kinds[record->header.kind];
	const char *name = kind->of_row ? exit_rows[record->row].id : kind->name;

	snprintf(text, size, "%s%s%s%s", name, kind->of_pass ? ", " : "",
		 kind->of_pass ? pass_name(record->header.pass) : "",
		 record->header.kind == RECORD_DISTURBED ? ", disturbed" : "");
}

const char *record_info(const struct record_file *file, const char *key, size_t *length)
{
	const char *line = file->info.payload, *end = line + file->info.header.count;
	size_t key_length = strlen(key);

	while (line < end) {
		const char *stop = memchr(line, '\n', end - line) ?: end;

		if ((size_t)(stop - line) > key_length && !memcmp(line, key, key_length) &&
		    line[key_length] == '=') {
			*length = stop - line - key_length - 1;
			return line + key_length + 1;
		}
		line = stop + (stop < end);
	}
	return NULL;
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
	/* The kinds of version 1 cannot keep the promise. */
	bool told = text && last_kinds[file->info.header.version] == RECORD_DISTURBED;

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
	if (header->executed != walk->totals.executed || header->total != walk->totals.total)
		return BAD("DONE claims %" PRIu64 " rows and %" PRIu64 " samples, %" PRIu64
			   " and %" PRIu64 " are there",
			   header->executed, header->total, walk->totals.executed,
			   walk->totals.total);
	walk->done = true;
	return RECORD_OK;
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
	if ((record->header.kind == RECORD_INFO) != (walk->records == 0))
		return BAD(walk->records ? "a second INFO" : "the stream does not begin with INFO");
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

int record_file_read(struct record_file *file, const void *data, size_t size, char why[RECORD_WHY])
{
	enum record_status status = RECORD_OK;
	char reason[RECORD_WHY], last[64] = "nothing";
	struct record_walk walk;
	size_t records = 0;
	struct record record;
	size_t at = 0;

	record_walk_begin(&walk, file);
	for (; at < size && !walk.done; at += record.length) {
		status = record_parse((const char *)data + at, size - at, &record, reason);
		if (status == RECORD_OK)
			status = record_walk_step(&walk, &record, reason);
		if (status == RECORD_OK && record.header.kind == RECORD_INFO)
			file->causes = causes_told(file);
		if (status == RECORD_OK && record.header.kind == RECORD_DISTURBED)
			status = check_disturbed(file, &record, reason);
		if (status != RECORD_OK)
			break;
		records++;
		record_describe(&record, last, sizeof(last));
	}
	if (walk.done && at == size)
		return 0;
	if (status == RECORD_BAD)
		snprintf(why, RECORD_WHY,
			 "damaged at byte %zu: %.160s; after %zu whole records (last: %s)", at,
			 reason, records, last);
	else if (walk.done)
		snprintf(why, RECORD_WHY, "%zu bytes follow DONE: two streams in one file?",
			 size - at);
	else
		snprintf(why, RECORD_WHY,
			 "truncated at %zu bytes, after %zu whole records (last: %s); run it again",
			 size, records, last);
	return -1;
}

int record_file_open(struct record_file *file, const char *path, char why[RECORD_WHY])
{
	struct stat stat;
	void *map = MAP_FAILED;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && !fstat(fd, &stat)) {
		errno = ENODATA;
		if (stat.st_size)
			map = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	if (map == MAP_FAILED) {
		snprintf(why, RECORD_WHY, "%s", errno == ENODATA ? "empty" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	if (record_file_read(file, map, stat.st_size, why)) {
		munmap(map, stat.st_size);
		return -1;
	}
	file->map = map;
	file->size = stat.st_size;
	return 0;
}

void record_file_close(struct record_file *file)
{
	munmap(file->map, file->size);
	*file = (struct record_file){0};
}
