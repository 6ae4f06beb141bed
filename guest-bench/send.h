/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files that leave the guest on the record port: record.h, RECORD_VERSION_FILES. */
#ifndef EXITLAB_SEND_H
#define EXITLAB_SEND_H

#include <stdbool.h>
#include <stddef.h>

/* Finds the port and sends INFO. Each function ends the program where it cannot. */
void send_open(void);
/* The same; false where there is no port. */
bool send_try(void);

/* Sends so many bytes more of the file of that name. */
void send_file(const char *name, const void *data, size_t size);

/* All was sent. */
void send_done(void);

/* Says so on the console and ends the program: the host then finds no DONE. */
void send_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
