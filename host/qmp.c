// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One JSON object a line; replies answer commands in order, events come in between. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "qmp.h"

/* Appends what the socket holds to the buffer. Bytes read, 0 for none yet, -1 for closed. */
static ssize_t fill(struct qmp *qmp, int timeout_ms)
{
	struct pollfd pollers[] = {{.fd = qmp->fd, .events = POLLIN},
				   {.fd = qmp->cancel, .events = POLLIN}};
	char *larger;
	ssize_t got;

	if (poll(pollers, 2, timeout_ms) <= 0)
		return 0;
	if (!pollers[0].revents)
		return -1;
	larger = realloc(qmp->buffer, qmp->size + 4096);
	if (!larger)
		return -1;
	qmp->buffer = larger;
	got = recv(qmp->fd, qmp->buffer + qmp->size, 4096, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0)
		return -1;
	qmp->size += got;
	return got;
}

/* Takes one whole line off the buffer; NULL when there is none. */
static json_t *take_line(struct qmp *qmp)
{
	char *end = qmp->size ? memchr(qmp->buffer, '\n', qmp->size) : NULL;
	json_t *line;
	size_t length;

	if (!end)
		return NULL;
	length = end - qmp->buffer + 1;
	line = json_loadb(qmp->buffer, length, 0, NULL);
	qmp->size -= length;
	memmove(qmp->buffer, qmp->buffer + length, qmp->size);
	return line;
}

/* Waits for an object that has one of the keys, storing events meanwhile. NULL: QEMU is gone. */
static json_t *wait_for(struct qmp *qmp, const char *key, const char *other_key)
{
	long long deadline = now_ms() + QMP_TIMEOUT_MS;

	for (;;) {
		json_t *line = take_line(qmp);
		long long left = deadline - now_ms();

		if (line) {
			if (json_object_get(line, key) || json_object_get(line, other_key))
				return line;
			if (json_object_get(line, "event"))
				json_array_append(qmp->events, line);
			json_decref(line);
		} else if (left <= 0 || fill(qmp, left) < 0) {
			return NULL;
		}
	}
}

json_t *qmp_command(struct qmp *qmp, const char *command)
{
	json_t *reply, *result;
	char line[128];
	int length = snprintf(line, sizeof(line), "{\"execute\":\"%s\"}\n", command);

	if (send(qmp->fd, line, length, MSG_NOSIGNAL) != length)
		return NULL;
	reply = wait_for(qmp, "return", "error");
	result = json_incref(json_object_get(reply, "return"));
	json_decref(reply);
	return result;
}

int qmp_open(struct qmp *qmp, int fd, int cancel)
{
	json_t *line;

	*qmp = (struct qmp){.fd = fd, .cancel = cancel, .events = json_array()};
	line = wait_for(qmp, "QMP", "QMP");
	json_decref(line);
	if (!line)
		return -1;
	line = qmp_command(qmp, "qmp_capabilities");
	json_decref(line);
	return line ? 0 : -1;
}

void qmp_close(struct qmp *qmp)
{
	free(qmp->buffer);
	json_decref(qmp->events);
	*qmp = (struct qmp){.fd = -1};
}

int qmp_receive(struct qmp *qmp)
{
	ssize_t got;
	json_t *line;

	while ((got = fill(qmp, 0)) > 0)
		;
	while ((line = take_line(qmp))) {
		if (json_object_get(line, "event"))
			json_array_append(qmp->events, line);
		json_decref(line);
	}
	return got < 0 ? -1 : 0;
}

json_t *qmp_event(struct qmp *qmp)
{
	json_t *event = json_incref(json_array_get(qmp->events, 0));

	json_array_remove(qmp->events, 0);
	return event;
}
