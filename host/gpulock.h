/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The actions of `exitlab gpulock`: each prints what it did, or what it asked for. */
#ifndef EXITLAB_GPULOCK_H
#define EXITLAB_GPULOCK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../kmod/gpulock/gpulock_uapi.h"

#define GPULOCK_ARGUMENTS_MOST 4

/* What was asked for, parsed. */
struct gpulock_request {
	int device; /* descriptor of /dev/gpulock */
	bool json;
	long iterations; /* of bench */
	int count;	 /* of the arguments that were given */
	uint64_t argument[GPULOCK_ARGUMENTS_MOST];
};

/*
 * An action: EXIT_OK, or EXIT_FAILED with one line on stderr; check gives EXIT_FAILED without one
 * where the access is denied.
 */
typedef int gpulock_action(const struct gpulock_request *request);

gpulock_action gpulock_status, gpulock_alloc, gpulock_free, gpulock_quota, gpulock_grant,
	gpulock_revoke, gpulock_check, gpulock_bench;

/* One line on stderr: why the module refused, by what its interface says of that errno.
 * EXIT_FAILED. */
int gpulock_refused(const char *what, int error);

/* Prints an object, which it takes, in one line where json was asked for; else nothing. */
void gpulock_print(const struct gpulock_request *request, json_t *object);

#endif
