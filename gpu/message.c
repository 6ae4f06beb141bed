// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "message.h"

#define HEAD offsetof(struct message, text)

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

/* What a message of each type must hold, bytes: exactly, or, for text and samples, at most. */
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
	default:
		return message->type && message->type < MESSAGE_TYPES;
	}
}

int message_receive(int fd, struct message *message, uint64_t deadline)
{
	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		uint64_t now = now_ns();
		ssize_t got;

		if (now >= deadline)
			return -1;
		/* A day at a time, so that no deadline is too far for poll(). */
		if (poll(&ready, 1, (deadline - now) / 1000000 % 86400000 + 1) <= 0)
			continue;
		got = recv(fd, message, sizeof(*message), MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return 0;
		return is_sound(message, got) ? 1 : -2;
	}
}
