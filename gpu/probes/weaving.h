/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What weave.c, which reads, and weave_put.c, which writes, share. */
#ifndef EXITLAB_GPU_PROBES_WEAVING_H
#define EXITLAB_GPU_PROBES_WEAVING_H

#include <stdio.h>

#include "access.h"
#include "ptx.h"
#include "weave.h"

struct weaving {
	struct ptx ptx;
	FILE *out;
	size_t copied; /* of the text */
	const struct probe *probe;
	struct weave_options options;
	struct weave_outcome *outcome;
	unsigned int labels;
	unsigned int heads; /* 1 << PTX_VERSION and the others that were read */
	bool module_done;   /* the module's piece is in */

	enum ptx_kind in;   /* PTX_ENTRY, PTX_FUNCTION, or PTX_END outside of both */
	unsigned int depth; /* of scopes */
	bool selected, any_selected;
	bool entered; /* the entry's piece is in */
	bool left;    /* nothing goes on from the last instruction */
};

/* Ends the weaving with an error in this line, 0: in none. False. */
bool refuse(struct weaving *weaving, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The text up to there, as it is. */
void copy_to(struct weaving *weaving, size_t end);

/* Before the statement that was read last: */
void put_entry(struct weaving *weaving);

/* of an exit with this guard, or of the end of a kernel; NULL: all leave; */
void put_exit(struct weaving *weaving, const char *guard);

/* of an access with this guard. False: refused. */
bool put_access(struct weaving *weaving, const struct access *access, const char *guard);

/* It is a place that the probe does not see. */
void not_traced(struct weaving *weaving);

#endif
