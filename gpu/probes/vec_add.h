/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vec_add, the program that probes are put on: what it is asked for, and what it found. */
#ifndef EXITLAB_PROBES_VEC_ADD_H
#define EXITLAB_PROBES_VEC_ADD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct load {
	uint32_t elements, iterations, threads, blocks; /* threads of a block */
};

struct result {
	char device[128];
	int cuda;	   /* version that the driver supports, 12040 */
	uint64_t launches; /* warm-up and all */
	double *whole_us;  /* of each iteration: launch, and until it is complete */
	double *launch_us; /* the launch call alone */
	uint64_t wrong,
		outside; /* elements that are not the sum; bytes written that nobody asked for */
	uint32_t first_wrong;	/* element */
	float had, should_have; /* it */
};

/* Writes the record: rows VEC-ADD.whole and VEC-ADD.launch. 0, or -1. */
int vec_add_record(const struct load *load, const struct result *result, FILE *out);

/* Prints the figures for people, in the words of the published framework. Sorts the samples. */
void vec_add_print(const struct load *load, struct result *result, FILE *out);

/* What is wrong with the results, one line; false: nothing is. */
bool vec_add_is_wrong(const struct result *result, char *why, size_t size);

#endif
