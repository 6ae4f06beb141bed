// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every byte that comes out of a guest, a suite or an archive passes through here. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record_stream.h"
#include "util.h"

/* What a header of each kind must say. */
static const struct kind {
	const char *name;
	uint16_t first, last;	     /* versions of the record that have it */
	uint32_t width, least, most; /* payload: bytes of an element, range of their count */
	bool of_row, of_pass;
} kinds[] = {
	[RECORD_INFO] = {"INFO", 1, 4, 1, 0, RECORD_MAX_TEXT, false, false},
	[RECORD_ROW] = {"ROW", 1, 2, 4, 1, RECORD_MAX_SAMPLES, true, true},
	[RECORD_WAIVED] = {"WAIVED", 1, 2, 1, 0, RECORD_MAX_TEXT, true, true},
	[RECORD_PASS] = {"PASS", 1, 2, 0, 0, 0, false, true},
	[RECORD_DONE] = {"DONE", 1, 4, 0, 0, 0, false, false},
	[RECORD_DISTURBED] = {"DISTURBED", 2, 2, sizeof(struct disturbed), 0, RECORD_MAX_SAMPLES,
			      true, true},
	[RECORD_SERIES] = {"SERIES", 3, 3, sizeof(double), 1, RECORD_MAX_SAMPLES / 2, true, true},
	[RECORD_VERDICT] = {"VERDICT", 3, 3, 1, 0, RECORD_MAX_TEXT, true, true},
	[RECORD_FILE] = {"FILE", 4, 4, 1, 2, RECORD_MAX_TEXT, false, false},
};

static const struct record_format *const formats[] = {&record_format_exits, &record_format_gpu,
						      &record_format_files};

const struct record_format *record_format_of(uint16_t version)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (version >= formats[i]->first && version <= formats[i]->last)
			return formats[i];
	return NULL;
}

static bool has_kind(uint16_t version, uint16_t kind)
{
	return kind >= RECORD_INFO && kind < ARRAY_SIZE(kinds) && version >= kinds[kind].first &&
	       version <= kinds[kind].last;
}

const char *record_kind_name(uint16_t kind)
{
	return kinds[kind].name;
}

#define BAD RECORD_REFUSE

static enum record_status check_header(const struct record_format *format,
				       const struct record_header *header, int row,
				       char why[RECORD_WHY])
{
	const struct kind *kind;

	if (header->magic != RECORD_MAGIC)
		return BAD("bad magic 0x%08x: not a record", header->magic);
	if (record_format_of(header->version) != format)
		return BAD("version %u: this exitlab reads versions %u to %u of %s",
			   header->version, format->first, format->last, format->what);
	if (!has_kind(header->version, header->kind))
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
			"%s of unknown row %u: not in %s; report the run with the exitlab that made it",
			kind->name, header->row, format->table);
	if (kind->of_pass ? header->pass != PASS_TIMED && header->pass != PASS_PROOF
			  : header->pass != 0)
		return BAD("%s of unknown pass %u", kind->name, header->pass);
	if (header->clock > 31 || !(format->clocks & 1u << header->clock))
		return BAD("unknown clock %u", header->clock);
	if (header->saturated > header->count)
		return BAD("%u saturated samples of %u", header->saturated, header->count);
	if ((header->kind == RECORD_ROW || header->kind == RECORD_SERIES) &&
	    header->executed < header->count)
		return BAD("%u samples of %" PRIu64 " executions", header->count, header->executed);
	if (header->reserved)
		return BAD("reserved field is not 0");
	return RECORD_OK;
}

enum record_status record_parse_as(const struct record_format *format, const void *data,
				   size_t size, struct record *out, char why[RECORD_WHY])
{
	*out = (struct record){.row = -1, .length = sizeof(out->header)};
	if (size < sizeof(out->header))
		return RECORD_MORE;
	memcpy(&out->header, data, sizeof(out->header));
	out->row = format->row_of_wire(out->header.row);
	if (check_header(format, &out->header, out->row, why) == RECORD_BAD)
		return RECORD_BAD;
	out->length += (uint64_t)out->header.count * out->header.width;
	if (size < out->length)
		return RECORD_MORE;
	out->payload = (const char *)data + sizeof(out->header);
	if (record_checksum(&out->header, out->payload) != out->header.checksum)
		return BAD("checksum does not match");
	return RECORD_OK;
}

const char *record_text(const struct record *record, const char *key, size_t *length)
{
	const char *line = record->payload, *end = line + record->header.count;
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

enum record_status record_check_done(const struct record_header *done, const char *counted,
				     uint64_t count, const char *summed, uint64_t sum,
				     char why[RECORD_WHY])
{
	if (done->executed == count && done->total == sum)
		return RECORD_OK;
	return BAD("DONE claims %" PRIu64 " %s and %" PRIu64 " %s, %" PRIu64 " and %" PRIu64
		   " are there",
		   done->executed, counted, done->total, summed, count, sum);
}

enum record_status record_check_info(const struct record_header *header, size_t records,
				     char why[RECORD_WHY])
{
	if ((header->kind == RECORD_INFO) == !records)
		return RECORD_OK;
	return BAD("%s", records ? "a second INFO" : "the stream does not begin with INFO");
}

/* A whole stream of another format: that is no damage. */
static const struct record_format *other_format(const struct record_format *format,
						const void *data, size_t size)
{
	const struct record_format *found;
	struct record_header header;

	if (size < sizeof(header))
		return NULL;
	memcpy(&header, data, sizeof(header));
	found = header.magic == RECORD_MAGIC ? record_format_of(header.version) : NULL;
	return found == format ? NULL : found;
}

int record_stream_read(const struct record_format *format, record_take *take, void *reader,
		       const void *data, size_t size, char why[RECORD_WHY])
{
	enum record_status status = RECORD_OK;
	char reason[RECORD_WHY], last[64] = "nothing";
	size_t records = 0, at = 0;
	struct record record;
	const struct record_format *other = other_format(format, data, size);
	bool done = false;

	if (other) {
		snprintf(why, RECORD_WHY, "the record of %s, not of %s", other->what, format->what);
		return -1;
	}
	for (; at < size && !done; at += record.length) {
		status = record_parse_as(format, (const char *)data + at, size - at, &record,
					 reason);
		if (status == RECORD_OK)
			status = take(reader, &record, &done, reason);
		if (status != RECORD_OK)
			break;
		records++;
		format->describe(&record, last, sizeof(last));
	}
	if (done && at == size)
		return 0;
	if (status == RECORD_BAD)
		snprintf(why, RECORD_WHY,
			 "damaged at byte %zu: %.160s; after %zu whole records (last: %s)", at,
			 reason, records, last);
	else if (done)
		snprintf(why, RECORD_WHY, "%zu bytes follow DONE: two streams in one file?",
			 size - at);
	else
		snprintf(why, RECORD_WHY,
			 "truncated at %zu bytes, after %zu whole records (last: %s); run it again",
			 size, records, last);
	return -1;
}

int record_map(const char *path, void **map, size_t *size, char why[RECORD_WHY])
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*map = MAP_FAILED;
	if (fd >= 0 && !fstat(fd, &stat)) {
		errno = ENODATA;
		if (stat.st_size)
			*map = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		*size = stat.st_size;
	}
	if (*map == MAP_FAILED)
		snprintf(why, RECORD_WHY, "%s", errno == ENODATA ? "empty" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return *map == MAP_FAILED ? -1 : 0;
}
