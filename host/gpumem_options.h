/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What exitlab gpumem is asked for. */
#ifndef EXITLAB_GPUMEM_OPTIONS_H
#define EXITLAB_GPUMEM_OPTIONS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "gpumem_probe.h"

struct gpumem_options {
	struct gpumem_scope scope;
	const char *libcuda, *output; /* NULL: found, stdout */
	double duration, interval;    /* seconds; 0: without an end, nothing live */
	int top;		      /* processes in a table */
	bool top_given;
	bool json, csv, events, leaks;
	double older;			 /* of leaks: seconds */
	struct sockaddr_storage metrics; /* where; a family of 0: nowhere */
	char **command;			 /* NULL: none */
};

/* Ends the process where they are wrong. */
void gpumem_options_parse(struct gpumem_options *options, int argc, char **argv);

#endif
