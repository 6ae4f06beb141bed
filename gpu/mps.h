/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* NVIDIA's MPS as a system: a daemon of our own, which clients find by their environment. */
#ifndef EXITLAB_GPU_MPS_H
#define EXITLAB_GPU_MPS_H

#include "suite.h"

/* Starts the daemon. NULL, or one line of why it cannot run here. */
const char *mps_begin(struct suite *suite);

/* Stops it and removes its directory. */
void mps_end(struct suite *suite);

/* In a client, before exec. */
void mps_enter(const struct suite *suite);

#endif
