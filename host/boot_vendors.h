/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `exitlab boot` in the lab of one vendor or of both, one after the other. Only what it needs is
 * carried into the Intel lab, which is no place for the whole archive or for gnuplot: the run comes
 * back into a directory of its own, and is reported here.
 */
#ifndef EXITLAB_BOOT_VENDORS_H
#define EXITLAB_BOOT_VENDORS_H

#include "boot_options.h"

/*
 * Runs options->vendor, intel or both, archives in results, and prints the run's table, or both
 * runs side by side. Returns an exit code: of two runs the worse, where a failure is worse than a
 * lab that there cannot be here.
 */
int boot_vendors(const struct boot_options *options, const char *results);

#endif
