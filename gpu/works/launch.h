/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the work "launch". */
#ifndef EXITLAB_GPU_WORKS_LAUNCH_H
#define EXITLAB_GPU_WORKS_LAUNCH_H

/*
 * Index of order.argument[]: ns that the device is left idle after each launch, so that a limiter
 * has no reason to hold the next one back; 0: back to back.
 */
enum { LAUNCH_PAUSE };

#endif
