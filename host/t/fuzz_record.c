// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The record reader against libFuzzer: each input as it is, and once more with the magic, version
 * and checksum of its records mended, or no input would ever get past them. The first record has
 * the version: 1 to 4 by its own, so that each reader gets its share.
 */
#include <stdlib.h>
#include <string.h>

#include "../gpu_record.h"
#include "../record.h"
#include "../record_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads everything the reader said is there. */
static void touch(const struct record *record)
{
	const uint8_t *payload = record->payload;
	static volatile uint8_t sum __attribute__((unused)); /* what is read must be used */

	for (uint64_t i = 0; i < record->length - sizeof(record->header); i++)
		sum += payload[i];
}

/* What a reader of flags relies on: they are of a row, in its range and in order. */
static void check_flags(const struct record *disturbed, const struct record *row)
{
	uint32_t next = 0;

	if (!disturbed->header.kind)
		return;
	if (row->header.kind != RECORD_ROW || row->header.row != disturbed->header.row)
		abort();
	for (uint32_t i = 0; i < disturbed->header.count; i++) {
		struct disturbed flag = record_disturbed(disturbed, i);

		if (flag.sample < next || flag.sample >= row->header.count || !flag.causes)
			abort();
		next = flag.sample + 1;
	}
}

static void read_stream(const uint8_t *data, size_t size)
{
	struct record_file file;
	struct record record;
	char why[RECORD_WHY] = "";

	if (!record_file_read(&file, data, size, why)) {
		for (int pass = 1; pass < 3; pass++)
			for (int row = 0; row < EXIT_ROWS; row++) {
				if (file.rows[pass][row].header.kind)
					touch(&file.rows[pass][row]);
				check_flags(&file.disturbed[pass][row], &file.rows[pass][row]);
			}
	} else if (!memchr(why, '\0', sizeof(why)) || strchr(why, '\n')) {
		abort();
	}
	if (record_parse(data, size, &record, why) == RECORD_OK) {
		char text[64];

		record_describe(&record, text, sizeof(text));
		touch(&record);
	}
}

/* What a reader of a GPU run relies on: every row has its keys and a name, samples are numbers. */
static void check_row(const struct gpu_row *row)
{
	for (enum gpu_verdict_key key = 0; key < GPU_VERDICT_KEYS; key++) {
		size_t length;
		const char *text = gpu_verdict(row, key, &length);

		if (!text || memchr(text, '\n', length))
			abort();
		if (key == GPU_ID && (!length || memchr(text, '/', length)))
			abort();
	}
	touch(&row->verdict);
	if (row->series.header.kind)
		touch(&row->series);
}

static void read_gpu_stream(const uint8_t *data, size_t size)
{
	static struct gpu_record record;
	char why[RECORD_WHY] = "";

	if (!gpu_record_read(&record, data, size, why)) {
		for (size_t i = 0; i < record.count; i++)
			check_row(&record.rows[i]);
	} else if (!memchr(why, '\0', sizeof(why)) || strchr(why, '\n')) {
		abort();
	}
}

/* What a writer of files relies on: the name is of one file, in its directory, and not hidden. */
static enum record_status take_part(void *taker, const char *name, int length, const void *data,
				    size_t size, char why[RECORD_WHY])
{
	struct record part = {.payload = data, .length = sizeof(part.header) + size};

	(void)taker;
	(void)why;
	if (length < 1 || length > 255 || name[0] == '.' || memchr(name, '/', length) ||
	    memchr(name, '\0', length) || memchr(name, '\n', length))
		abort();
	touch(&part);
	return RECORD_OK;
}

static void read_files(const uint8_t *data, size_t size)
{
	char why[RECORD_WHY] = "";

	if (record_files_read(data, size, take_part, NULL, why) &&
	    (!memchr(why, '\0', sizeof(why)) || strchr(why, '\n')))
		abort();
}

/* Makes valid checksums wherever the input's counts leave records whole. */
static void mend(uint8_t *data, size_t size)
{
	struct record_header header;
	uint16_t version = 0;

	for (size_t at = 0; size - at >= sizeof(header);) {
		uint64_t length;

		memcpy(&header, data + at, sizeof(header));
		header.magic = RECORD_MAGIC;
		version = version ? version : header.version % 4 ?: RECORD_VERSION_FILES;
		header.version = version;
		header.reserved = 0;
		length = (uint64_t)header.count * header.width;
		if (length <= size - at - sizeof(header))
			header.checksum = record_checksum(&header, data + at + sizeof(header));
		memcpy(data + at, &header, sizeof(header));
		if (length > size - at - sizeof(header))
			return;
		at += sizeof(header) + length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	read_stream(data, size);
	read_gpu_stream(data, size);
	read_files(data, size);
	copy = malloc(size ? size : 1);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	mend(copy, size);
	read_stream(copy, size);
	read_gpu_stream(copy, size);
	read_files(copy, size);
	free(copy);
	return 0;
}
