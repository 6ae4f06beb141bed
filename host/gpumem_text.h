/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How gpumem's figures are shown. */
#ifndef EXITLAB_GPUMEM_TEXT_H
#define EXITLAB_GPUMEM_TEXT_H

#include <jansson.h>
#include <stdio.h>

#include "gpumem_account.h"
#include "gpumem_probe.h"

/* "1.50 GiB", "512 B"; text has 16 bytes. */
const char *gpumem_bytes_text(uint64_t bytes, char text[16]);

/* "running" and so on. */
const char *gpumem_state_name(enum gpumem_state state);

/*
 * The processes with the most memory, most of it first, at most so many; all, or those that run.
 * Returns their number.
 */
size_t gpumem_pick_top(const struct gpumem_accounts *accounts, const struct gpumem_account **top,
		       size_t most, bool running);

/* The processes with the most memory, at most top of them, and the sum of all. */
void gpumem_print_table(FILE *out, const struct gpumem_accounts *accounts, int top);

/* What is missing in the figures; nothing where nothing is. */
void gpumem_print_lost(FILE *out, const struct gpumem_lost *lost);

/* One call in one line; false: the event is of the life of a process. */
bool gpumem_print_event(FILE *out, const struct gpumem_event *event, bool json);

/* The trace as an object of schema exitlab-gpumem/1. NULL only when memory runs out. */
json_t *gpumem_json(const struct gpumem_accounts *accounts, const struct gpumem_lost *lost,
		    const char *libcuda, double seconds);

#endif
