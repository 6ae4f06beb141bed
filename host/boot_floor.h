/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The same rows without QEMU, for the run of a boot: what its report subtracts. */
#ifndef EXITLAB_BOOT_FLOOR_H
#define EXITLAB_BOOT_FLOOR_H

#include <stdbool.h>

#include "boot_options.h"

/*
 * Runs `exitlab floor` on cpu (isolated: it is the one that isolate isolated) and leaves its
 * summary.json in directory as floor.json; where it fails, the reason in its place. Nothing where
 * no selected row is one of floor's. It is no fault of the boot when there is no floor.
 */
void boot_floor(const struct boot_options *options, const char *directory, int cpu, bool isolated);

#endif
