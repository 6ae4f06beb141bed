/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is to be run: a configuration in the form that bpftime's GPU benchmark documents, with its
 * baselines found and its paths resolved. gpu/probes/README.md has the form.
 */
#ifndef EXITLAB_PROBES_CONFIG_H
#define EXITLAB_PROBES_CONFIG_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#include "../../host/words.h"

#define CASES_MOST 1000 /* a configuration with more is refused */

struct test_case {
	const char *name;
	const char *workload; /* the name of a preset */
	const char *load;     /* what it says: "32 3 32 1", or "path/to/program arguments" */
	const char *probe;    /* "path/to/probe arguments"; "": there is none */
	const char *baseline; /* as it is written; NULL: none */
	int base;	      /* index of that case; -1: it is held against nothing */
	const json_t *env;    /* of the workload; NULL: none */
	const char
		*ready; /* what the probe says when it is; NULL: a line that begins with "ready" */
	double timeout, ready_timeout; /* seconds: for the workload, until the probe is ready */
};

struct config {
	json_t *json;
	char path[PATH_MAX]; /* as given */
	char root[PATH_MAX]; /* the folder that relative paths are relative to */
	char prefix[64];     /* what the names of the results begin with: "micro" */
	const json_t *presets, *global_env, *probe_env, *agent_env; /* env NULL: none */
	struct test_case *cases;
	size_t count;
};

/*
 * Reads and checks it. root: NULL where it is to be found: the first folder, from the file's own
 * upward, in which one of its programs is; where there is none the current one.
 * 0, or -1 with one line in why.
 */
int config_read(struct config *config, const char *path, const char *root, char *why, size_t size);
void config_free(struct config *config);

/* Is it one without a probe and without an environment of its own? */
bool case_is_baseline(const struct test_case *one);

/*
 * The words of a command, divided at spaces; the first one, a path with a slash, from the root. A
 * load that begins with a number is of vec_add, our own. The caller's.
 */
void config_command(const struct config *config, const char *text, const char *vec_add,
		    struct words *words);

/*
 * Adds "NAME=VALUE" for each of an object; a relative path with a slash in it that exists from the
 * root is made absolute.
 */
void config_settings(const struct config *config, const json_t *env, struct words *settings);

#endif
