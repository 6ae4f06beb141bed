/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A record stream made up for a test. After cmocka.h. */
#ifndef EXITLAB_TEST_STREAM_H
#define EXITLAB_TEST_STREAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../record.h"
#include "../util.h"

/* A stream under construction, and where its records begin. */
struct stream {
	uint8_t bytes[4096];
	size_t size, starts[32], records;
};

static inline void put(struct stream *stream, struct record_header header, const void *payload)
{
	size_t size = (size_t)header.count * header.width;

	header.magic = RECORD_MAGIC;
	header.version = header.version ? header.version : RECORD_VERSION;
	header.clock = header.clock ? header.clock : CLOCK_TSC;
	header.checksum = record_checksum(&header, payload);
	stream->starts[stream->records++] = stream->size;
	memcpy(stream->bytes + stream->size, &header, sizeof(header));
	if (size)
		memcpy(stream->bytes + stream->size + sizeof(header), payload, size);
	stream->size += sizeof(header) + size;
}

#define INFO(text)                                                                                 \
	(struct record_header){.kind = RECORD_INFO, .width = 1, .count = strlen(text)}, text
#define ROW(name, of_pass, samples)                                                                \
	(struct record_header){.kind = RECORD_ROW,                                                 \
			       .row = exit_rows[ROW_##name].wire,                                  \
			       .pass = of_pass,                                                    \
			       .width = 4,                                                         \
			       .count = ARRAY_SIZE(samples),                                       \
			       .executed = ARRAY_SIZE(samples)},                                   \
		samples
#define WAIVED(name, of_pass, text)                                                                \
	(struct record_header){.kind = RECORD_WAIVED,                                              \
			       .row = exit_rows[ROW_##name].wire,                                  \
			       .pass = of_pass,                                                    \
			       .width = 1,                                                         \
			       .count = strlen(text)},                                             \
		text
#define DISTURBED(name, of_pass, flags)                                                            \
	(struct record_header){.kind = RECORD_DISTURBED,                                           \
			       .row = exit_rows[ROW_##name].wire,                                  \
			       .pass = of_pass,                                                    \
			       .width = sizeof((flags)[0]),                                        \
			       .count = ARRAY_SIZE(flags)},                                        \
		flags
#define PASS(of_pass, rows)                                                                        \
	(struct record_header){.kind = RECORD_PASS, .pass = of_pass, .executed = rows}, NULL
#define DONE(rows, samples)                                                                        \
	(struct record_header){.kind = RECORD_DONE, .executed = rows, .total = samples}, NULL

static const uint32_t two[] = {6, 7}, three[] = {1000, 1001, UINT32_MAX};
static const struct disturbed none[] = {}, last_two[] = {{1, 3}, {2, 1}};

#define TOLD "contamination=interrupts,steal\n"

/* Two passes of two rows and a waived one; the odd text puts the rows at odd addresses. */
static inline void fill(struct stream *stream)
{
	*stream = (struct stream){0};
	put(stream, INFO("kernel=6.12\n" TOLD "?"));
	for (uint8_t pass = PASS_TIMED; pass <= PASS_PROOF; pass++) {
		put(stream, ROW(user_empty, pass, two));
		put(stream, DISTURBED(user_empty, pass, none));
		put(stream, WAIVED(user_outb_kvm, pass, "no port"));
		put(stream, ROW(user_outb, pass, three));
		put(stream, DISTURBED(user_outb, pass, last_two));
		put(stream, PASS(pass, 2));
	}
	put(stream, DONE(4, 10));
}

/* Reads a copy that ends where its memory ends, so that the sanitizer sees any byte too far. */
static inline int read_copy(const void *bytes, size_t size, struct record_file *file,
			    char why[RECORD_WHY])
{
	void *copy = malloc(size ? size : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	error = record_file_read(file, copy, size, why);
	free(copy);
	return error;
}

static inline void assert_refused(const struct stream *stream, const char *words)
{
	struct record_file file;
	char why[RECORD_WHY] = "";

	if (!read_copy(stream->bytes, stream->size, &file, why))
		fail_msg("was accepted, not refused with \"%s\"", words);
	if (!strstr(why, words))
		fail_msg("\"%s\" does not say \"%s\"", why, words);
}

#endif
