/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vec_add, the program that probes are put on: what it is asked for, and what it found. */
#ifndef EXITLAB_PROBES_VEC_ADD_H
#define EXITLAB_PROBES_VEC_ADD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../driver.h"

struct load {
	uint32_t elements, iterations, threads, blocks; /* threads of a block */
};

/* Microseconds of each iteration. */
struct times {
	double *whole;	/* launch, and until it is complete */
	double *launch; /* the launch call alone */
	uint32_t count;
};

struct result {
	char device[128], pci[32];
	int cuda;		/* version that the driver supports, 12040 */
	uint64_t launches;	/* that a probe should have seen: warm-up and all */
	struct times on, off;	/* off: where the probe was taken off in turns; count is 0: never */
	uint64_t wrong;		/* elements that are not the sum */
	uint64_t outside;	/* bytes behind the sums that were written */
	uint32_t first_wrong;	/* element */
	float had, should_have; /* it */
};

/* What is on the device. */
struct device {
	CUcontext context;
	CUmodule module;
	CUfunction kernel;
	CUdeviceptr a, b, c;
};

#define KERNEL	  "vec_add"
#define BEYOND	  64   /* floats behind the sums that must stay as they are */
#define UNTOUCHED 0xa5 /* byte; no sum has it four times */

/* Ends the process where the driver refuses. */
#define CALL(call)                                                                                 \
	do {                                                                                       \
		CUresult error_ = (call);                                                          \
                                                                                                   \
		if (error_)                                                                        \
			die("%s: %s", #call, driver_error(error_));                                \
	} while (0)

/* Launches and times. Of the last turn with the probe the sums are left on the device. */
void vec_add_run(const struct device *device, const struct load *load, struct result *result);

/* Writes the record: rows VEC-ADD.whole and VEC-ADD.launch, and both with -off. 0, or -1. */
int vec_add_record(const struct load *load, const struct result *result, FILE *out);

/* Prints the figures for people, in the words of the published framework. Sorts the samples. */
void vec_add_print(const struct load *load, struct result *result, FILE *out);

/* What is wrong with the results, one line; false: nothing is. */
bool vec_add_is_wrong(const struct result *result, char *why, size_t size);

#endif
