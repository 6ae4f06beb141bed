/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading records, the bounds-checked side of guest-bench/record.h: no stream is trusted. */
#ifndef EXITLAB_HOST_RECORD_H
#define EXITLAB_HOST_RECORD_H

#include "exit_rows.h"
#include "record_stream.h"

/* record_parse_as() of a run of VM exits: record.row is an index in exit_rows. */
enum record_status record_parse(const void *data, size_t size, struct record *out,
				char why[RECORD_WHY]);

/* Writes "user.outb, timed pass", "INFO" or the like. */
void record_describe(const struct record *record, char *text, size_t size);

/* A whole stream, in order and complete. rows[PASS_TIMED][...] and rows[PASS_PROOF][...]. */
struct record_file {
	void *map; /* of a file that record_file_open() mapped */
	size_t size;
	struct record info;
	uint8_t clock;	  /* CLOCK_*, the same in every record */
	uint32_t tsc_khz; /* 0 unknown */
	bool proof_pass;  /* there is one */
	uint32_t causes;  /* DISTURBED_* bits that the guest could tell; 0 none, or not yet read */
	/* header.kind is RECORD_ROW, RECORD_WAIVED or, where the row was not selected, 0 */
	struct record rows[PASS_PROOF + 1][EXIT_ROWS];
	/* header.kind is RECORD_DISTURBED, for each RECORD_ROW where causes is not 0; else 0 */
	struct record disturbed[PASS_PROOF + 1][EXIT_ROWS];
};

/* record_text() of INFO. */
const char *record_info(const struct record_file *file, const char *key, size_t *length);

/* Element index of a DISTURBED record's payload, wherever it lies in memory. */
struct disturbed record_disturbed(const struct record *record, uint32_t index);

/* How far a stream has been followed, and what must still come. */
struct record_walk {
	struct record_file *file;    /* filled in on the way */
	struct record_header totals; /* of the records so far, as DONE will claim them */
	const struct record *row;    /* ROW that was the record before; else NULL */
	uint64_t pass_rows;	     /* ROW records since the last PASS */
	size_t records;
	uint16_t version; /* of every record */
	uint8_t pass;	  /* pass that is open */
	bool done;
};

/* Starts at a stream's first record; empties file. */
void record_walk_begin(struct record_walk *walk, struct record_file *file);

/*
 * Is this record in its place? RECORD_OK, or RECORD_BAD with why. Looks at its header only, so that
 * a stream can be followed before the payload is there.
 */
enum record_status record_walk_step(struct record_walk *walk, const struct record *record,
				    char why[RECORD_WHY]);

/*
 * Reads a stream in memory, which must outlive the result. 0, or -1 with one line in why: what is
 * wrong and where, and for a truncated stream what was readable.
 */
int record_file_read(struct record_file *file, const void *data, size_t size, char why[RECORD_WHY]);

/* The same for a file, which why does not name. On 0, record_file_close() must follow. */
int record_file_open(struct record_file *file, const char *path, char why[RECORD_WHY]);
void record_file_close(struct record_file *file);

#endif
