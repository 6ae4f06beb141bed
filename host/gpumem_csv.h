/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gpumem's figures as CSV (RFC 4180, lines end in a newline). */
#ifndef EXITLAB_GPUMEM_CSV_H
#define EXITLAB_GPUMEM_CSV_H

#include <stdbool.h>
#include <stdio.h>

#include "gpumem_account.h"
#include "gpumem_probe.h"

/* The names of the columns, of rows of processes or of events. */
void gpumem_csv_header(FILE *out, bool events);

/*
 * The rows of now: one for each process that runs or has ended since the last time, so the last one
 * of each has its final figures, and one for all.
 */
void gpumem_csv_rows(FILE *out, struct gpumem_accounts *accounts, const struct gpumem_lost *lost);

/* One call; nothing where the event is of the life of a process. */
void gpumem_csv_event(FILE *out, const struct gpumem_event *event);

#endif
