/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The works of tenants, one file a subject. The table of them is works.c; each comment there gives
 * the arguments in order.argument[] and the unit of the samples.
 */
#ifndef EXITLAB_GPU_WORKS_H
#define EXITLAB_GPU_WORKS_H

#include "../tenant.h"

/* WORK(name): the struct work of works.c's table. */
#define WORK(name) extern const struct work work_##name;
#include "works.def"
#undef WORK

#endif
