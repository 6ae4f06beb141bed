/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EXITLAB_GPU_PROBES_T_CHECK_LIMITS_H
#define EXITLAB_GPU_PROBES_T_CHECK_LIMITS_H

/* What probes do when there is more than they have room for, and what events say. */
void check_limits(const char *ptx);

#endif
