/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One record of a GPU run, as guest-bench/record.h has it, into a file. */
#ifndef EXITLAB_GPU_RECORD_PUT_H
#define EXITLAB_GPU_RECORD_PUT_H

#include <stdio.h>

#include "../guest-bench/record.h"

/*
 * Writes the header, completed with what all records of a GPU run have in common, and its payload
 * of count times width bytes. 0, or -1: it could not be written.
 */
int record_put(FILE *out, struct record_header header, const void *payload);

/* The same with a text for payload. */
int record_put_text(FILE *out, struct record_header header, const char *text);

#endif
