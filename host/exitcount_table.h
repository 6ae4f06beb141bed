/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The counters of exitcount as tables for people. */
#ifndef EXITLAB_EXITCOUNT_TABLE_H
#define EXITLAB_EXITCOUNT_TABLE_H

#include <stdio.h>

#include "exitcount.h"

/*
 * What happened in these seconds: exits by reason, userspace exits by reason and tracepoint events,
 * the most frequent first, with rates. before is what had been counted at their beginning; NULL for
 * nothing.
 */
void table_of_counts(FILE *out, int vendor, const struct exitcount_row *now,
		     const struct exitcount_row *before, double seconds);

/* One line a row whose marker was seen: exits, userspace exits, the most frequent reason. */
void table_of_rows(FILE *out, const struct exitcount *counter);

/* Histograms of kvm_exit to kvm_entry, by reason. */
void table_of_latency(FILE *out, const struct exitcount *counter);

#endif
