// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See record_files.h. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "record_files.h"

#define NAME_MOST 255 /* bytes of a file's name */

#define BAD RECORD_REFUSE

/* How far a stream has been followed. */
struct walk {
	record_files_take *take;
	void *taker;
	size_t records;
	uint64_t files, bytes;
};

/* One component, and none that is hidden or means something. */
static bool is_name(const char *text, size_t length)
{
	if (!length || length > NAME_MOST || !isalnum((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-._+#~", text[i]))
			return false;
	return true;
}

/* Adds to the file of that name in the directory that taker names. */
static enum record_status append(void *taker, const char *name, int length, const void *data,
				 size_t size, char why[RECORD_WHY])
{
	const char *directory = taker;
	char path[PATH_MAX];
	FILE *file;
	bool wrote;

	snprintf(path, sizeof(path), "%s/%.*s", directory, length, name);
	file = fopen(path, "ae");
	wrote = file && (!size || fwrite(data, size, 1, file) == 1);
	if ((file && fclose(file)) || !wrote)
		return BAD("%.200s: %s", path, strerror(errno));
	return RECORD_OK;
}

static enum record_status take_file(struct walk *walk, const struct record *record,
				    char why[RECORD_WHY])
{
	const char *name = record->payload, *end = memchr(name, '\n', record->header.count);
	size_t length = end ? end - name : 0, size = record->header.count - length - 1;

	if (!end || memchr(name, '\0', length) || !is_name(name, length))
		return BAD("FILE without a name that a file may have");
	walk->files++;
	walk->bytes += size;
	return walk->take(walk->taker, name, length, end + 1, size, why);
}

static enum record_status take(void *reader, const struct record *record, bool *done,
			       char why[RECORD_WHY])
{
	const struct record_header *header = &record->header;
	struct walk *walk = reader;

	if (record_check_info(header, walk->records++, why) != RECORD_OK)
		return RECORD_BAD;
	*done = header->kind == RECORD_DONE;
	if (header->kind == RECORD_FILE)
		return take_file(walk, record, why);
	return *done ? record_check_done(header, "parts", walk->files, "bytes", walk->bytes, why)
		     : RECORD_OK;
}

static int no_row(uint16_t wire)
{
	(void)wire;
	return -1;
}

static void describe(const struct record *record, char *text, size_t size)
{
	const char *name = record->payload;

	if (record->header.kind == RECORD_FILE)
		snprintf(text, size, "FILE %.*s", (int)strcspn(name, "\n"), name);
	else
		snprintf(text, size, "%s", record_kind_name(record->header.kind));
}

const struct record_format record_format_files = {
	.first = RECORD_VERSION_FILES,
	.last = RECORD_VERSION_FILES,
	.clocks = 1u << CLOCK_NS,
	.what = "the tests of a module",
	.table = "any table",
	.row_of_wire = no_row,
	.describe = describe,
};

int record_files_read(const void *data, size_t size, record_files_take *taken, void *taker,
		      char why[RECORD_WHY])
{
	struct walk walk = {.take = taken, .taker = taker};

	return record_stream_read(&record_format_files, take, &walk, data, size, why);
}

int record_files_write(const void *data, size_t size, const char *directory, char why[RECORD_WHY])
{
	return record_files_read(data, size, append, (void *)directory, why);
}
