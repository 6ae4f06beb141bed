/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `exitlab boot` inside something else: the emulated host of `exitlab lab`, or `isolate run`. */
#ifndef EXITLAB_BOOT_ELSEWHERE_H
#define EXITLAB_BOOT_ELSEWHERE_H

#include <limits.h>

#include "boot_options.h"

/* This program's own path. */
void find_self(char self[PATH_MAX]);

/*
 * Replaces this process by the lab with the same command in it. The CPU asked for is one of this
 * host and means nothing there. Returns only when it cannot, with an exit code.
 */
int boot_in_lab(const struct boot_options *options);

/*
 * Runs the same command under `isolate run`, which isolates its CPU, and puts the host back as it
 * was. Returns its exit code: EXIT_CANNOT where KVM did not run the guest.
 */
int boot_isolated(const struct boot_options *options);

#endif
