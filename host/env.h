/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* env.json: everything that a number of this run depends on. */
#ifndef EXITLAB_ENV_H
#define EXITLAB_ENV_H

#include <jansson.h>

#include "run.h"

/*
 * How this host counts time: "tsc", or "insn" inside `exitlab lab --clock insn`. Ends the process
 * with EXIT_USAGE where the environment claims the latter and CPUID denies it.
 */
const char *env_clock(void);

/*
 * What every env.json begins with: schema, time (UTC, ISO 8601), tool, host, lab; a new reference.
 */
json_t *env_begin(const char *time);

/* A guest's own words, its "key=value" lines, as an object: numbers where they are numbers. */
json_t *env_lines(const char *text);

/*
 * env.json's object for a finished run at time (UTC, ISO 8601); a new reference. Whatever cannot
 * be known is null.
 */
json_t *env_json(const struct run *run, const char *time);

#endif
