/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the scenarios of gpumem_truth.c share: calls that add to what it says it has done. */
#ifndef EXITLAB_GPUMEM_TRUTH_H
#define EXITLAB_GPUMEM_TRUTH_H

#include <stddef.h>
#include <stdint.h>

#include "../../gpu/driver.h"

/* Of the process; its context is of device 0, and current in the thread that begins. */
extern CUcontext context;

void add(uint64_t *number, uint64_t more);

/* 0 where it was refused. */
CUdeviceptr allocate(size_t bytes);
void release(CUdeviceptr pointer, size_t bytes);

/* Counts what was done without these. */
void count_allocation(size_t bytes);
void count_free(size_t bytes);

/* The scenarios of other files; each says on stdout what is to be known beyond the totals. */
void contexts(void); /* gpumem_truth_contexts.c */
void stacks(void);   /* gpumem_truth_stacks.c */

#endif
