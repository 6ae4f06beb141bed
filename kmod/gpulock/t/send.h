/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files that leave the guest on the record port: guest-bench/record.h, RECORD_VERSION_FILES. */
#ifndef GPULOCK_T_SEND_H
#define GPULOCK_T_SEND_H

#include <stddef.h>

/* Finds the port and sends INFO. Each function ends the program where it cannot. */
void send_open(void);

/* Sends so many bytes more of the file of that name. */
void send_file(const char *name, const void *data, size_t size);

/* All was sent. */
void send_done(void);

/* Says so on the console and ends the program: the host then finds no DONE. */
void send_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
