/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The module's parameters; main.c has their ranges. */
#ifndef GPULOCK_PARAMETERS_H
#define GPULOCK_PARAMETERS_H

#include <linux/types.h>

extern unsigned long default_quota; /* bytes */
extern unsigned int max_allocations_per_agent;
extern unsigned int max_agents;
extern bool debug;

#endif
