/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The record of a GPU run made up for a test. After cmocka.h. */
#ifndef EXITLAB_TEST_GPU_STREAM_H
#define EXITLAB_TEST_GPU_STREAM_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../gpu_record.h"
#include "../util.h"

struct stream {
	uint8_t bytes[8192];
	size_t size, starts[32], records;
};

static inline void put(struct stream *stream, struct record_header header, const void *payload)
{
	size_t size = (size_t)header.count * header.width;

	header.magic = RECORD_MAGIC;
	header.version = header.version ?: RECORD_VERSION_GPU;
	header.clock = header.clock ?: CLOCK_NS;
	header.checksum = record_checksum(&header, payload);
	stream->starts[stream->records++] = stream->size;
	memcpy(stream->bytes + stream->size, &header, sizeof(header));
	if (size)
		memcpy(stream->bytes + stream->size + sizeof(header), payload, size);
	stream->size += sizeof(header) + size;
}

#define INFO(text)                                                                                 \
	(struct record_header){.kind = RECORD_INFO, .width = 1, .count = strlen(text)}, text
#define SERIES(of_row, samples)                                                                    \
	(struct record_header){.kind = RECORD_SERIES,                                              \
			       .row = of_row,                                                      \
			       .pass = PASS_TIMED,                                                 \
			       .width = sizeof(double),                                            \
			       .count = ARRAY_SIZE(samples),                                       \
			       .executed = ARRAY_SIZE(samples)},                                   \
		samples
#define VERDICT(of_row, text)                                                                      \
	(struct record_header){.kind = RECORD_VERDICT,                                             \
			       .row = of_row,                                                      \
			       .pass = PASS_TIMED,                                                 \
			       .width = 1,                                                         \
			       .count = strlen(text)},                                             \
		text
#define DONE(rows, samples)                                                                        \
	(struct record_header){.kind = RECORD_DONE, .executed = rows, .total = samples}, NULL

#define ROW(status, reason, id)                                                                    \
	"status=" status "\nreason=" reason "\nid=" id                                             \
	"\nname=a name\nunit=us\nbetter=lower\nclock=host\nthrottled=3\n"

#define GPU_INFO                                                                                   \
	"kind=gpu\nsystem=native\npreload=none\nmem_limit=none\nsm_limit=none\nquick=0\nplant=1\n" \
	"gpu=fake libcuda\ngpus=1\nlink_gbs=63.015\ndriver=\n"

static const double two[] = {1.5, -2.25}, three[] = {1, 2, 0.1};

/* Three rows with samples, of which one is INVALID, and one that is WAIVED. */
static inline void fill(struct stream *stream)
{
	*stream = (struct stream){0};
	put(stream, INFO(GPU_INFO));
	put(stream, SERIES(1, two));
	put(stream, VERDICT(1, ROW("ok", "", "OH-001") "overlap=0.98\nodd"));
	put(stream, VERDICT(17, ROW("WAIVED", "no limiter", "OH-005")));
	put(stream, SERIES(33, three));
	put(stream, VERDICT(33, ROW("INVALID", "too fast", "PCIE-001.h2d")));
	put(stream, SERIES(34, three));
	put(stream, VERDICT(34, ROW("ok", "", "PCIE-001.d2h")));
	put(stream, DONE(4, 8));
}

/* Reads a copy that ends where its memory ends, so that the sanitizer sees any byte too far. */
static inline int read_copy(const void *bytes, size_t size, struct gpu_record *record,
			    char why[RECORD_WHY])
{
	void *copy = malloc(size ? size : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	error = gpu_record_read(record, copy, size, why);
	free(copy);
	return error;
}

static inline void assert_refused(const struct stream *stream, const char *words)
{
	static struct gpu_record record;
	char why[RECORD_WHY] = "";

	if (!read_copy(stream->bytes, stream->size, &record, why))
		fail_msg("was accepted, not refused with \"%s\"", words);
	if (!strstr(why, words) || strchr(why, '\n'))
		fail_msg("\"%s\" does not say \"%s\"", why, words);
}

#endif
