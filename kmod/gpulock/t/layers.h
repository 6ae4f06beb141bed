/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a check costs, layer by layer: each function times one operation, in ticks of the TSC. For
 * the guest program of `exitlab boot` (guest-bench/gpulock.c); the module is loaded and filled
 * here, too.
 */
#ifndef GPULOCK_T_LAYERS_H
#define GPULOCK_T_LAYERS_H

#include <stdint.h>

/* A point: which agents, and how many grants each has. */
struct point {
	uint32_t first_agent, agents;
	uint64_t grants;
};

#define LAYER_BATCH 1024u /* checks of one CHECK_BATCH */

/* Loads the modules and opens their files. */
void layers_open(void);

/* Gives the agents of a point its grants, those that have none yet. */
void layers_fill(const struct point *point);

/* Makes a grant to each agent of a point and revokes it. */
void layers_change(const struct point *point);

/*
 * The ith of its kind; addresses and agents follow from i. Ticks, the bracket's own among them;
 * layer_batch() gives a check's share. Whatever is not as it should be ends the program.
 */
uint64_t layer_empty(const struct point *point, uint32_t i);
uint64_t layer_ioctl(const struct point *point, uint32_t i); /* a command that is unknown */
uint64_t layer_check(const struct point *point, uint32_t i);
uint64_t layer_batch(const struct point *point, uint32_t i);
uint64_t layer_write(const struct point *point, uint32_t i);
uint64_t layer_open_write(const struct point *point, uint32_t i);
uint64_t layer_alloc(const struct point *point, uint32_t i);
uint64_t layer_free(const struct point *point, uint32_t i);

/*
 * The same in the kernel, count at once from the ith on: what is of enum bench_what, BENCH_EMPTY
 * for the bracket alone.
 */
void layer_kernel(const struct point *point, uint32_t what, uint32_t i, uint32_t *samples,
		  uint32_t count);

/* The program's own: says so and ends it. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
