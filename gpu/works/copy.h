/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the works "copy", "read" and "saturation". */
#ifndef EXITLAB_GPU_WORKS_COPY_H
#define EXITLAB_GPU_WORKS_COPY_H

#include <stddef.h>

/* Indices of order.argument[]. */
enum {
	COPY_BYTES, /* of the buffer that is read */
	COPY_WAY,   /* copy: how; 0: the fastest, which the facts way and copy then tell */
};

/* Blocks for each SM that "saturation" tries, ascending; 64 threads each, so that 32 fill an SM. */
extern const unsigned int saturation_blocks[];
extern const size_t saturation_levels;

/*
 * Index of the first of count bandwidths that is at least share, 0 to 1, of the greatest. count is
 * 1 or more.
 */
size_t saturation_level(const double *bandwidths, size_t count, double share);

#endif
