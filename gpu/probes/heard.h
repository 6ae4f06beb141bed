/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What probes and workloads say, line by line. */
#ifndef EXITLAB_PROBES_HEARD_H
#define EXITLAB_PROBES_HEARD_H

#include "trial.h"

/*
 * Of a probe. Ours says "ready [NAME=VALUE] [per=launch|thread|element] [times=N] [proof=apart]",
 * NAME=VALUE being a variable of the workload, and at its end "done hits=N [lost=N]". Any other
 * says a text.
 */
struct heard_probe {
	const char *text; /* that makes it ready; NULL: as ours */
	bool ready;
	struct words settings; /* for the workload */
	struct hits hits;
	char why[256]; /* a line of ours that cannot be; "" */
};

/* Takes a line; context is a struct heard_probe. */
void heard_probe_line(void *context, const char *line);

/* Takes a line of a workload with a figure; context is a struct trial. */
void heard_load_line(void *context, const char *line);

/* Reads the record that a workload left in a file. 0 as well where there is none; -1 with why. */
int heard_record(int fd, struct trial *trial, char *why, size_t size);

#endif
