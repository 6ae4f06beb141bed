/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* May this process, or a QEMU that it starts, lock its memory? */
#ifndef EXITLAB_MEMLOCK_H
#define EXITLAB_MEMLOCK_H

#include <stdbool.h>

/* What QEMU locks where its guest has so much memory, at most; MiB. */
unsigned int memlock_mib(unsigned int guest_mib);

/* Tries to, and takes no memory. Raises the limit where it can. */
bool may_lock(unsigned int mib);

#endif
