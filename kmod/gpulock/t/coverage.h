/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which lines of the module ran, as gcov counts them in the kernel. */
#ifndef GPULOCK_T_COVERAGE_H
#define GPULOCK_T_COVERAGE_H

/* Sends the counts of each object file as FILE.gcda; how many there are. */
int coverage_send(void);

#endif
