/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the works "copy", "read" and "saturation". */
#ifndef EXITLAB_GPU_WORKS_COPY_H
#define EXITLAB_GPU_WORKS_COPY_H

/* Indices of order.argument[]. */
enum {
	COPY_BYTES, /* of the buffer that is read */
	COPY_WAY,   /* copy: how; 0: the fastest, which the facts way and copy then tell */
};

#endif
