/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line of overhead, and what it shows without running anything. */
#ifndef EXITLAB_PROBES_OVERHEAD_H
#define EXITLAB_PROBES_OVERHEAD_H

#include "trial.h"

struct overhead_options {
	const char *config, *results;
	const char *root, *ready; /* NULL: as the configuration says */
	const char *libcuda;	  /* NULL: what programs find; else absolute */
	char vec_add[PATH_MAX];
	struct words only; /* patterns of names; none: all cases */
	int repeat;
	bool list, dry_run, json;
};

/* Reads it; a usage error ends the process. */
void overhead_options_read(struct overhead_options *options, int argc, char **argv);

/* Which cases run: those of --only, and their baselines. Ends the process where there are none. */
void overhead_select(const struct overhead_options *options, const struct config *config,
		     bool *selected);

/* --list: a line a case. --dry-run: the commands, and what of them is missing. An exit code. */
int overhead_show(const struct overhead_options *options, const struct runner *runner,
		  const size_t *order, size_t count);

#endif
