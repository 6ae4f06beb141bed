/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the work "allocation". */
#ifndef EXITLAB_GPU_WORKS_ALLOCATION_H
#define EXITLAB_GPU_WORKS_ALLOCATION_H

enum { ALLOCATION_BYTES, ALLOCATION_TIMED }; /* indices of order.argument[] */

/* What a sample is the time of. */
enum { ALLOCATION_ALLOC, ALLOCATION_FREE, ALLOCATION_PAIR };

#endif
