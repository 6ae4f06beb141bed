/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the work "transfer". */
#ifndef EXITLAB_GPU_WORKS_TRANSFER_H
#define EXITLAB_GPU_WORKS_TRANSFER_H

enum { TRANSFER_BYTES, TRANSFER_DIRECTION, TRANSFER_MEMORY }; /* indices of order.argument[] */
enum { TRANSFER_TO_DEVICE, TRANSFER_TO_HOST };
enum { TRANSFER_PINNED, TRANSFER_PAGEABLE };

#endif
