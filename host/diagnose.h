/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a guest or its QEMU said last: one line for the reason of a failed run. */
#ifndef EXITLAB_DIAGNOSE_H
#define EXITLAB_DIAGNOSE_H

#include <stddef.h>

#include "vm.h"

/* What QEMU's log says went wrong; empty when it says nothing. */
void diagnose_log(const struct vm_config *config, char *line, size_t size);

/* Why the guest ended: the line of its console that says so, then QEMU's log, then "no word". */
void diagnose_end(const struct vm_config *config, char *line, size_t size);

#endif
