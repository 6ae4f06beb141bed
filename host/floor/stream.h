/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writing run.rec in this process: what a guest of `exitlab boot` sends, record.h's stream. */
#ifndef EXITLAB_FLOOR_STREAM_H
#define EXITLAB_FLOOR_STREAM_H

#include <stdint.h>
#include <stdio.h>

#include "../record.h"

struct stream {
	FILE *file;
	uint8_t clock;	  /* CLOCK_*, of every record */
	uint32_t tsc_khz; /* 0 unknown */
	int error;	  /* errno of the first write that failed; 0 none */
};

/* Creates directory/run.rec. stream_close() must follow, whatever came of it. */
void stream_open(struct stream *stream, const char *directory, uint8_t clock);

/* Completes the header and writes the record; payload is header.count * header.width bytes. */
void stream_put(struct stream *stream, struct record_header header, const void *payload);

/* INFO, or WAIVED of a row by its wire number in a pass. */
void stream_text(struct stream *stream, uint16_t kind, uint16_t row, uint8_t pass,
		 const char *text);

/* 0 where all of it is on the disk, else an errno. */
int stream_close(struct stream *stream);

#endif
