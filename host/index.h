/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `exitlab index`: what lies in results/, as one page. */
#ifndef EXITLAB_INDEX_H
#define EXITLAB_INDEX_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* A directory where a run may be: DIR/host/name. */
struct index_entry {
	char *host, *name;
	json_t *summary; /* NULL: it is no run, */
	char *problem;	 /* and why */
	char *report;	 /* the name of its report, for people; NULL where there is none */
};

struct index {
	/* By host, then by time, the newest first; what is no run comes last. */
	struct index_entry *entries;
	size_t count;
};

/* The whole page. The same entries give the same bytes. */
void index_page(const struct index *index, FILE *out);

#endif
