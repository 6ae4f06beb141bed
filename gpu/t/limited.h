/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the limiter's test share. */
#ifndef EXITLAB_GPU_T_LIMITED_H
#define EXITLAB_GPU_T_LIMITED_H

#include "../driver.h"

#define MIB   (1ull << 20)
#define LIMIT (64 * MIB) /* bytes, of the whole test */

#define OK(call) assert_int_equal(call, CUDA_SUCCESS)

extern CUcontext context; /* of the main thread */
extern void *driver;	  /* a handle of libcuda */

/* A call of the driver that driver.def does not have: declared where it is used. */
#define EXTRA(name) ((typeof(name) *)dlsym(driver, #name))

/* limited_memory.c: tests of the memory limit. */
void every_way_to_allocate_counts(void **state);
void a_pitch_counts_as_what_it_takes(void **state);
void what_the_limiter_does_not_know_is_left_to_the_driver(void **state);
void what_the_driver_refuses_changes_nothing(void **state);
void mapped_memory_outlives_its_handle(void **state);
void a_context_takes_its_memory_with_it(void **state);
void the_limit_is_exact_under_threads(void **state);

#endif
