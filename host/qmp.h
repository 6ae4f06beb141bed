/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* QEMU's machine protocol on a connected unix socket: commands with a deadline, events in order. */
#ifndef EXITLAB_QMP_H
#define EXITLAB_QMP_H

#include <jansson.h>
#include <stddef.h>

#define QMP_TIMEOUT_MS 30000 /* for one reply; an emulated host is slow */

struct qmp {
	int fd;
	int cancel;   /* a descriptor that ends every wait when it can be read; -1 for none */
	char *buffer; /* bytes of a line that is not yet whole */
	size_t size;
	json_t *events; /* array: events that came and were not yet taken */
};

/* Waits for the greeting on fd and leaves negotiation mode. fd and cancel stay the caller's. */
int qmp_open(struct qmp *qmp, int fd, int cancel);
void qmp_close(struct qmp *qmp);

/*
 * Runs a command without arguments. Returns its "return" value, a new reference; NULL when QEMU is
 * gone, does not answer in QMP_TIMEOUT_MS, or answers with an error.
 */
json_t *qmp_command(struct qmp *qmp, const char *command);

/* Reads what has arrived, without waiting. 0, or -1 when QEMU closed the socket. */
int qmp_receive(struct qmp *qmp);

/* The oldest event, a new reference, or NULL when there is none. */
json_t *qmp_event(struct qmp *qmp);

#endif
