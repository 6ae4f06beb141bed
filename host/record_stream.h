/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the readers of all streams share: records and their headers, a stream from its first record
 * to DONE, the file that it is in. What a stream is about is its format's.
 */
#ifndef EXITLAB_HOST_RECORD_STREAM_H
#define EXITLAB_HOST_RECORD_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "../guest-bench/record.h"

#define RECORD_WHY 320 /* bytes of a reason, one line, its terminator included */

enum record_status {
	RECORD_OK,   /* out is one whole, valid record */
	RECORD_MORE, /* bytes are missing; out->length says how many must be there at least */
	RECORD_BAD,  /* never a record, whatever follows; why says why */
};

/* Fills in why; its value is the status to return. */
#define RECORD_REFUSE(...) (snprintf(why, RECORD_WHY, __VA_ARGS__), RECORD_BAD)

struct record {
	struct record_header header; /* a copy: records are not aligned in a stream */
	const void *payload;	     /* header.count * header.width bytes inside the given data */
	uint64_t length;	     /* of header and payload, bytes */
	int row; /* as the format numbers rows, -1 where the record is of no row */
};

/* A kind of stream: which records are in it. */
struct record_format {
	uint16_t first, last;		   /* versions of the record */
	uint32_t clocks;		   /* bits 1 << CLOCK_* */
	const char *what;		   /* "a run of VM exits" */
	const char *table;		   /* where its rows are: "exits.def" */
	int (*row_of_wire)(uint16_t wire); /* -1: there is none */
	void (*describe)(const struct record *record, char *text, size_t size);
};

extern const struct record_format record_format_exits, record_format_gpu, record_format_files;

/* Which of the formats has this version; NULL: none. */
const struct record_format *record_format_of(uint16_t version);

/* "INFO", "ROW", ...; of a kind that a stream may hold. */
const char *record_kind_name(uint16_t kind);

/*
 * Parses the record at the start of data. The header is judged as soon as its 64 bytes are there,
 * the checksum when the payload is. On RECORD_MORE with 64 bytes or more, out->header is valid.
 */
enum record_status record_parse_as(const struct record_format *format, const void *data,
				   size_t size, struct record *out, char why[RECORD_WHY]);

/*
 * The value of a "key=value" line of a record of text, which length bytes of the stream hold; NULL
 * where there is no such line.
 */
const char *record_text(const struct record *record, const char *key, size_t *length);

/* Takes the next record of a stream, all of it. RECORD_OK or RECORD_BAD; *done after DONE. */
typedef enum record_status record_take(void *reader, const struct record *record, bool *done,
				       char why[RECORD_WHY]);

/* Has DONE the totals of what was there? counted and summed say what they are, in the plural. */
enum record_status record_check_done(const struct record_header *done, const char *counted,
				     uint64_t count, const char *summed, uint64_t sum,
				     char why[RECORD_WHY]);

/* Is INFO the first record of a stream, of which so many were there, and no other? */
enum record_status record_check_info(const struct record_header *header, size_t records,
				     char why[RECORD_WHY]);

/*
 * Reads a stream in memory, record by record. 0, or -1 with one line in why: what is wrong and
 * where, and for a truncated stream what was readable.
 */
int record_stream_read(const struct record_format *format, record_take *take, void *reader,
		       const void *data, size_t size, char why[RECORD_WHY]);

/* Maps a file for reading, munmap() undoes it. 0, or -1 with why, which does not name the file. */
int record_map(const char *path, void **map, size_t *size, char why[RECORD_WHY]);

#endif
