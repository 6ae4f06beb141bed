/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A boot of a guest that sends files on the record port: RECORD_VERSION_FILES of record.h. */
#ifndef EXITLAB_GUEST_FILES_H
#define EXITLAB_GUEST_FILES_H

#include "run.h"

/* Where the files go, below the run's directory. */
#define GUEST_FILES "guest"

/*
 * Boots, watches and ends the guest; fills in the outcome as run_guest() does. The files, also
 * those of a guest that did not come to its end, are in directory/GUEST_FILES then. With run->prove
 * the exits are counted from the first record on, by the markers that the guest writes.
 */
void run_guest_files(struct run *run);

#endif
