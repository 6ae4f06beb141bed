/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the works "fill" and "exceed"; order.text of "exceed": the way to allocate. */
#ifndef EXITLAB_GPU_WORKS_FILL_H
#define EXITLAB_GPU_WORKS_FILL_H

enum { FILL_LIMIT }; /* index of order.argument[]: the configured limit, bytes */

/* Of the limit: a tenant that has got so much is not limited. The device must have it, and more. */
#define FILL_MOST 1.25

#endif
