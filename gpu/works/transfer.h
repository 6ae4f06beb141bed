/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the works "transfer" and "pageable". */
#ifndef EXITLAB_GPU_WORKS_TRANSFER_H
#define EXITLAB_GPU_WORKS_TRANSFER_H

enum { TRANSFER_BYTES, TRANSFER_DIRECTION }; /* indices of order.argument[] */
enum { TRANSFER_TO_DEVICE, TRANSFER_TO_HOST };

#endif
