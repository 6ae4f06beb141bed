// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Moves bytes for both ends of the lab: the command outside and the agent inside. */
#include <errno.h>
#include <unistd.h>

#include "stream.h"

static bool pending(const struct stream *stream)
{
	return stream->off < stream->len;
}

struct pollfd stream_poll(const struct stream *stream)
{
	if (pending(stream))
		return (struct pollfd){.fd = stream->to, .events = POLLOUT};
	return (struct pollfd){.fd = stream->ended ? -1 : stream->from, .events = POLLIN};
}

static void give(struct stream *stream, size_t n)
{
	stream->off += n;
	stream->given += n;
}

static void write_some(struct stream *stream)
{
	size_t n = stream->len - stream->off;
	ssize_t done;

	if (n > stream->chunk)
		n = stream->chunk;
	done = write(stream->to, stream->buffer + stream->off, n);
	if (done >= 0) {
		give(stream, done);
	} else if (errno != EAGAIN && errno != EINTR) {
		stream->broken = true;
		stream->to = -1;
		give(stream, stream->len - stream->off);
	}
}

static void read_some(struct stream *stream)
{
	ssize_t n = read(stream->from, stream->buffer, sizeof(stream->buffer));

	if (n > 0) {
		stream->off = 0;
		stream->len = n;
		if (stream->to < 0)
			give(stream, n);
	} else if (n == 0 ? !stream->port : errno != EAGAIN && errno != EINTR) {
		stream->ended = true;
	}
}

void stream_move(struct stream *stream, short revents)
{
	if (!revents)
		return;
	if (pending(stream))
		write_some(stream);
	else
		read_some(stream);
}

bool stream_done(const struct stream *stream)
{
	return stream->ended && !pending(stream);
}
