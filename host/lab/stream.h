/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One direction of bytes, between two file descriptors; a poll loop moves several at once. */
#ifndef EXITLAB_LAB_STREAM_H
#define EXITLAB_LAB_STREAM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream {
	int from, to;	/* to = -1 drops the bytes */
	size_t chunk;	/* most bytes in one write: PIPE_BUF where `to` blocks */
	bool port;	/* from is a virtio port: reading nothing there is not the end */
	bool ended;	/* from gives no more */
	bool broken;	/* nobody reads `to`; the bytes are dropped from here on */
	uint64_t given; /* bytes that left, dropped ones included */
	size_t off, len;
	char buffer[65536];
};

/* What to poll for next: the way out while bytes wait, the way in otherwise, fd -1 at the end. */
struct pollfd stream_poll(const struct stream *stream);

/* Reads once or writes once, as stream_poll asked; revents is what poll answered. */
void stream_move(struct stream *stream, short revents);

/* True when everything that came has left and no more comes. */
bool stream_done(const struct stream *stream);

#endif
