/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line of `exitlab gpumem-stress`, and what it finds itself. */
#ifndef EXITLAB_GPUMEM_STRESS_OPTIONS_H
#define EXITLAB_GPUMEM_STRESS_OPTIONS_H

#include "gpumem_stress.h"

/* Reads it; a usage error ends the process. */
void stress_options_read(struct stress_run *run, int argc, char **argv);

/* The stressor and the library. An exit code of util.h, with one line where it is not EXIT_OK. */
int stress_find_parts(struct stress_run *run);

#endif
