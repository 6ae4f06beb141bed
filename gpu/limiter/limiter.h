/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the suite and the limiter agree on: names of variables, HAMi's where HAMi has them. */
#ifndef EXITLAB_GPU_LIMITER_H
#define EXITLAB_GPU_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#define LIMITER_MEMORY	"CUDA_DEVICE_MEMORY_LIMIT" /* bytes of a process; suffix k, m or g */
#define LIMITER_SM	"CUDA_DEVICE_SM_LIMIT"	   /* percent of the device's time, 1 to 100 */
#define LIMITER_CONTROL "EXITLAB_LIMITER_CONTROL"  /* file: struct limiter_control, mapped */

/* Exported by a limiter that has a control file. */
#define LIMITER_CONTROL_SYMBOL "exitlab_limiter_control"

struct limiter_control {
	uint32_t sm_limit; /* percent; may be changed at any time */
	uint32_t reserved;
};

/* Does the library have a control file? Looks into the file; nothing of it is run. */
bool limiter_has_control(const char *path);

#endif
