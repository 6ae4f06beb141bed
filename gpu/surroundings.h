/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The systems that can be measured: what a tenant is started with, what runs beside it. */
#ifndef EXITLAB_GPU_SURROUNDINGS_H
#define EXITLAB_GPU_SURROUNDINGS_H

#include "suite.h"

/*
 * Sees to what the system needs before the first tenant: the limiter's library is there, MPS's
 * daemon runs. NULL, or one line of why it cannot be measured here.
 */
const char *surroundings_begin(struct suite *suite);

/* Ends what was begun. */
void surroundings_end(struct suite *suite);

/* In a tenant's new process, before exec: its environment. */
void surroundings_enter(const struct suite *suite, enum surroundings where);

/* What the system offers, NEED_* bits. */
unsigned int surroundings_offer(const struct suite *suite);

/* Changes the SM limit of tenants that run, percent. 0, or -1: this system cannot. */
int surroundings_set_sm_limit(struct suite *suite, unsigned int percent);

#endif
