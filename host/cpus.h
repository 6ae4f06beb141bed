/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which CPU a vCPU gets where none is asked for. */
#ifndef EXITLAB_CPUS_H
#define EXITLAB_CPUS_H

#include <sched.h>

/*
 * The performance cores of a CPU that has cores of two kinds, as a list, "0-15"; only there the
 * kernel has this file (Intel, Linux 5.13).
 */
#define CPUS_FAST "/sys/devices/cpu_core/cpus"

/*
 * The last of the usable ones that is in the list of the file, CPUS_FAST; where there is no such
 * file, or none of them is in it, the last one. -1: none is usable.
 */
int cpus_last(const cpu_set_t *usable, const char *fast);

#endif
