/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TAP of a program whose number of tests is known at its end. */
#ifndef EXITLAB_GPU_PROBES_T_TAP_H
#define EXITLAB_GPU_PROBES_T_TAP_H

#include <stdbool.h>

void tap_ok(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the plan; the exit code. */
int tap_done(void);

#endif
