/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The yardstick of what a traced pair of calls costs: three probes whose programs do nothing, at
 * the entries of cuMemAlloc_v2 and cuMemFree_v2 and at the return of cuMemAlloc_v2, the fewest by
 * which allocations and frees can be told at all. They are attached as the tracer attaches its own.
 */
#ifndef EXITLAB_GPUMEM_BARE_H
#define EXITLAB_GPUMEM_BARE_H

#include "gpumem_library.h"

#define GPUMEM_BARE_SET "entry of cuMemAlloc_v2, entry of cuMemFree_v2, return of cuMemAlloc_v2"

struct gpumem_bare;

/* NULL with errno. They end with gpumem_bare_close(), or with the process. */
struct gpumem_bare *gpumem_bare_open(const struct gpumem_library *library);

void gpumem_bare_close(struct gpumem_bare *bare);

#endif
