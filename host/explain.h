/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `exitlab pathlength --explain`: the functions that a row's instructions are of. */
#ifndef EXITLAB_EXPLAIN_H
#define EXITLAB_EXPLAIN_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "boot_options.h"
#include "symbols.h"

struct trace;

/*
 * Boots the row once in the lab, with kernel (NULL: the default), under a plugin that writes down
 * the instructions of each sample; archives and prints the profile. An exit code.
 */
int explain(const char *row, const char *kernel, const struct boot_options *boot);

/* The rest is between the files host/explain*.c. */

/* Names for both levels of a trace. */
struct names {
	const struct symbols *lab, *guest; /* guest may be NULL */
};

/*
 * summary.json of kind explain (results/README.md). boot is the summary of the run, trace what was
 * written down of it. NULL with one line in why where no sample of it has the row's p50.
 */
json_t *explain_summary(const json_t *boot, const char *row, const struct trace *trace,
			const struct names *names, const char *time, char *why, size_t size);

/* The same for people; and the way itself: function after function, as it went. */
void explain_text(const json_t *summary, FILE *out);
void explain_markdown(const json_t *summary, FILE *out);
void explain_way(const json_t *summary, const struct trace *trace, const struct names *names,
		 FILE *out);

#endif
