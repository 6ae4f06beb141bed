/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line of `exitlab gpu`. */
#ifndef EXITLAB_GPU_OPTIONS_H
#define EXITLAB_GPU_OPTIONS_H

#include <limits.h>
#include <stdbool.h>

#include "words.h"

struct gpu_options {
	const char *results, *reference;	 /* reference NULL: none */
	const char *select, *system, *mem_limit; /* NULL: gpubench's defaults */
	char gpubench[PATH_MAX], preload[PATH_MAX], libcuda[PATH_MAX]; /* "": the default, none */
	long sm_limit, plant;					       /* 0: none */
	long deadline;						       /* seconds for all of it */
	bool quick, json, list;
};

/* Reads it; a usage error ends the process. */
void gpu_options_read(struct gpu_options *options, int argc, char **argv);

/* Appends gpubench and its options, the record's file apart. */
void gpu_command(const struct gpu_options *options, struct words *command);

#endif
