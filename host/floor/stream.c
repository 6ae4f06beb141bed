// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

void stream_open(struct stream *stream, const char *directory, uint8_t clock)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/run.rec", directory);
	*stream = (struct stream){.file = fopen(path, "we"), .clock = clock};
	if (!stream->file)
		stream->error = errno;
}

void stream_put(struct stream *stream, struct record_header header, const void *payload)
{
	size_t size = (size_t)header.count * header.width;

	if (stream->error)
		return;
	header.magic = RECORD_MAGIC;
	header.version = RECORD_VERSION;
	header.clock = stream->clock;
	header.tsc_khz = stream->tsc_khz;
	header.checksum = record_checksum(&header, payload);
	if (fwrite(&header, sizeof(header), 1, stream->file) != 1 ||
	    fwrite(payload, 1, size, stream->file) != size || fflush(stream->file))
		stream->error = errno;
}

void stream_text(struct stream *stream, uint16_t kind, uint16_t row, uint8_t pass, const char *text)
{
	stream_put(
		stream,
		(struct record_header){
			.kind = kind, .row = row, .pass = pass, .width = 1, .count = strlen(text)},
		text);
}

int stream_close(struct stream *stream)
{
	if (!stream->file)
		return stream->error;
	if (fsync(fileno(stream->file)) && !stream->error)
		stream->error = errno;
	if (fclose(stream->file) && !stream->error)
		stream->error = errno;
	return stream->error;
}
