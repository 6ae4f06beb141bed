// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "message.h"

#define HEAD offsetof(struct message, text)

int message_stop = -1;

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * SECOND + now.tv_nsec;
}

int message_send(int fd, enum message_type type, const void *payload, size_t size)
{
	struct message message = {.magic = MESSAGE_MAGIC, .type = type, .size = size};
	ssize_t sent;

	if (size)
		memcpy(message.text, payload, size);
	do
		sent = send(fd, &message, HEAD + size, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

/* One line: what is more would be lines of the record that nobody wrote. */
static bool is_line(const struct message *message)
{
	for (uint32_t i = 0; i < message->size; i++)
		if ((unsigned char)message->text[i] < ' ')
			return false;
	return true;
}

/* What a message of each type must hold: bytes exactly, or, for text and samples, at most. */
static bool is_sound(const struct message *message, size_t got)
{
	if (got < HEAD || message->magic != MESSAGE_MAGIC || message->size != got - HEAD)
		return false;
	switch (message->type) {
	case MESSAGE_ORDER:
		return message->size == sizeof(message->order);
	case MESSAGE_GO:
		return message->size == sizeof(message->window);
	case MESSAGE_RESULT:
		return message->size == sizeof(message->busy);
	case MESSAGE_READY:
	case MESSAGE_FINISH:
		return message->size == 0;
	case MESSAGE_SAMPLES:
		return message->size && message->size % sizeof(double) == 0;
	case MESSAGE_HELLO:
		return true;
	default:
		return message->type && message->type < MESSAGE_TYPES && is_line(message);
	}
}

int message_receive(int fd, struct message *message, uint64_t deadline)
{
	for (;;) {
		struct pollfd ready[] = {{.fd = fd, .events = POLLIN},
					 {.fd = message_stop, .events = POLLIN}};
		uint64_t now = now_ns();
		ssize_t got;

		if (now >= deadline)
			return MESSAGE_LATE;
		/* A day at a time, so that no deadline is too far for poll(). */
		if (poll(ready, 2, (deadline - now) / 1000000 % 86400000 + 1) <= 0)
			continue;
		if (ready[1].revents)
			return MESSAGE_STOPPED;
		got = recv(fd, message, sizeof(*message), MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return MESSAGE_GONE;
		return is_sound(message, got) ? MESSAGE_CAME : MESSAGE_UNSOUND;
	}
}
