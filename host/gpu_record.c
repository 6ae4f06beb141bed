// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The records of a GPU run: their order, and what they say of each other. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "gpu_record.h"
#include "util.h"

#define ID_MOST	    63	  /* characters of a row's name: it becomes a file's name, too */
#define SAMPLE_MOST 1e100 /* in no unit is more measured; their squares can be summed */

#define BAD RECORD_REFUSE

static bool is_id(const char *text, size_t length)
{
	if (!length || length > ID_MOST || !isupper((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-._", text[i]))
			return false;
	return true;
}

static bool is_count(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return length > 0 && length < 19;
}

static const struct key {
	const char *name;
	const char *one_of; /* the values that it may have, in spaces; NULL: any */
	bool (*is_valid)(const char *text, size_t length);
} keys[GPU_VERDICT_KEYS] = {
	[GPU_STATUS] = {"status", " ok WAIVED FAILED INVALID ", NULL},
	[GPU_REASON] = {"reason", NULL, NULL},
	[GPU_ID] = {"id", NULL, is_id},
	[GPU_NAME] = {"name", NULL, NULL},
	[GPU_UNIT] = {"unit", NULL, NULL},
	[GPU_BETTER] = {"better", " lower higher ", NULL},
	[GPU_CLOCK] = {"clock", " host device none ", NULL},
	[GPU_THROTTLED] = {"throttled", NULL, is_count},
};

bool gpu_is_verdict_key(const char *name, size_t length)
{
	for (size_t i = 0; i < GPU_VERDICT_KEYS; i++)
		if (strlen(keys[i].name) == length && !memcmp(keys[i].name, name, length))
			return true;
	return false;
}

const char *gpu_verdict(const struct gpu_row *row, enum gpu_verdict_key key, size_t *length)
{
	return record_text(&row->verdict, keys[key].name, length);
}

void gpu_samples(const struct gpu_row *row, double *samples)
{
	memcpy(samples, row->series.payload, row->series.header.count * sizeof(*samples));
}

static bool is_valid(const struct key *key, const char *text, size_t length)
{
	char word[16];

	if (key->is_valid)
		return key->is_valid(text, length);
	if (!key->one_of)
		return true;
	snprintf(word, sizeof(word), " %.*s ", (int)(length < 12 ? length : 12), text);
	return length && !memchr(text, ' ', length) && strstr(key->one_of, word);
}

static bool is_status(const struct gpu_row *row, const char *status)
{
	size_t length;
	const char *text = gpu_verdict(row, GPU_STATUS, &length);

	return length == strlen(status) && !memcmp(text, status, length);
}

/* Has the VERDICT every key, with a value that it may have? */
static enum record_status check_keys(const struct record *verdict, char why[RECORD_WHY])
{
	for (size_t i = 0; i < GPU_VERDICT_KEYS; i++) {
		size_t length;
		const char *text = record_text(verdict, keys[i].name, &length);

		if (!text)
			return BAD("VERDICT of row %u without \"%s=\"", verdict->header.row,
				   keys[i].name);
		if (!is_valid(&keys[i], text, length))
			return BAD("VERDICT of row %u with an impossible value of \"%s\"",
				   verdict->header.row, keys[i].name);
	}
	return RECORD_OK;
}

/* How far a stream has been followed. */
struct walk {
	struct gpu_record *record;
	const struct record *series; /* that waits for its VERDICT; NULL: none does */
	uint64_t samples;
	size_t records;
};

static bool is_kind(const char *text, size_t length)
{
	static const char *const kinds[] = {"gpu", "gpu-overhead"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (length == strlen(kinds[i]) && !memcmp(text, kinds[i], length))
			return true;
	return false;
}

static enum record_status take_info(struct walk *walk, const struct record *info,
				    char why[RECORD_WHY])
{
	size_t length;
	const char *kind = record_text(info, "kind", &length);

	if (!kind || !is_kind(kind, length))
		return BAD("INFO says neither kind=gpu nor kind=gpu-overhead");
	walk->record->info = *info;
	return RECORD_OK;
}

static enum record_status take_series(struct walk *walk, const struct record *series,
				      char why[RECORD_WHY])
{
	struct gpu_row *row = &walk->record->rows[walk->record->count];

	if (walk->record->count == GPU_ROWS_MOST)
		return BAD("more than %d rows", GPU_ROWS_MOST);
	for (uint32_t i = 0; i < series->header.count; i++) {
		double sample;

		memcpy(&sample, (const char *)series->payload + i * sizeof(sample), sizeof(sample));
		if (!(fabs(sample) <= SAMPLE_MOST))
			return BAD("sample %u of row %u is no number", i, series->header.row);
	}
	row->series = *series;
	walk->series = &row->series;
	walk->samples += series->header.count;
	return RECORD_OK;
}

static enum record_status check_new(const struct gpu_record *record, const struct gpu_row *row,
				    char why[RECORD_WHY])
{
	size_t length, other_length;
	const char *id = gpu_verdict(row, GPU_ID, &length), *other;

	for (size_t i = 0; i < record->count; i++) {
		other = gpu_verdict(&record->rows[i], GPU_ID, &other_length);
		if (record->rows[i].verdict.header.row == row->verdict.header.row ||
		    (other_length == length && !memcmp(other, id, length)))
			return BAD("row %u, %.*s, is there twice", row->verdict.header.row,
				   (int)length, id);
	}
	return RECORD_OK;
}

static enum record_status take_verdict(struct walk *walk, const struct record *verdict,
				       char why[RECORD_WHY])
{
	struct gpu_record *record = walk->record;
	struct gpu_row *row = &record->rows[record->count];

	if (record->count == GPU_ROWS_MOST)
		return BAD("more than %d rows", GPU_ROWS_MOST);
	if (walk->series && walk->series->header.row != verdict->header.row)
		return BAD("VERDICT of row %u follows SERIES of row %u", verdict->header.row,
			   walk->series->header.row);
	if (check_keys(verdict, why) != RECORD_OK)
		return RECORD_BAD;
	if (!walk->series)
		row->series = (struct record){0};
	row->verdict = *verdict;
	if (check_new(record, row, why) != RECORD_OK)
		return RECORD_BAD;
	if (!walk->series && is_status(row, "ok"))
		return BAD("row %u is ok, but has no SERIES", verdict->header.row);
	walk->series = NULL;
	record->count++;
	return RECORD_OK;
}

static enum record_status take(void *reader, const struct record *record, bool *done,
			       char why[RECORD_WHY])
{
	struct walk *walk = reader;
	uint16_t kind = record->header.kind;

	if (record_check_info(&record->header, walk->records++, why) != RECORD_OK)
		return RECORD_BAD;
	if (walk->series && kind != RECORD_VERDICT)
		return BAD("SERIES of row %u has no VERDICT", walk->series->header.row);
	*done = kind == RECORD_DONE;
	switch (kind) {
	case RECORD_INFO:
		return take_info(walk, record, why);
	case RECORD_SERIES:
		return take_series(walk, record, why);
	case RECORD_VERDICT:
		return take_verdict(walk, record, why);
	default:
		return record_check_done(&record->header, "rows", walk->record->count, "samples",
					 walk->samples, why);
	}
}

/* Any but 0: the names of rows are in the stream itself. */
static int row_of_wire(uint16_t wire)
{
	return wire ? wire : -1;
}

static void describe(const struct record *record, char *text, size_t size)
{
	const char *kind = record_kind_name(record->header.kind);
	size_t length;

	if (record->header.kind == RECORD_VERDICT) {
		const char *id = record_text(record, keys[GPU_ID].name, &length);

		snprintf(text, size, "%s of %.*s", kind, (int)length, id);
	} else if (record->row >= 0) {
		snprintf(text, size, "%s of row %d", kind, record->row);
	} else {
		snprintf(text, size, "%s", kind);
	}
}

const struct record_format record_format_gpu = {
	.first = RECORD_VERSION_GPU,
	.last = RECORD_VERSION_GPU,
	.clocks = 1u << CLOCK_NS,
	.what = "a GPU run",
	.table = "benches.def",
	.row_of_wire = row_of_wire,
	.describe = describe,
};

int gpu_record_read(struct gpu_record *record, const void *data, size_t size, char why[RECORD_WHY])
{
	struct walk walk = {.record = record};

	record->map = NULL;
	record->count = 0;
	return record_stream_read(&record_format_gpu, take, &walk, data, size, why);
}

int gpu_record_open(struct gpu_record *record, const char *path, char why[RECORD_WHY])
{
	void *map;
	size_t size;

	if (record_map(path, &map, &size, why))
		return -1;
	if (gpu_record_read(record, map, size, why)) {
		munmap(map, size);
		return -1;
	}
	record->map = map;
	record->size = size;
	return 0;
}

void gpu_record_close(struct gpu_record *record)
{
	munmap(record->map, record->size);
	record->map = NULL;
}
