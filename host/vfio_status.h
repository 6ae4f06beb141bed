/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `exitlab vfio status` prints. */
#ifndef EXITLAB_VFIO_STATUS_H
#define EXITLAB_VFIO_STATUS_H

#include "vfio.h"
#include "words.h"

/*
 * The named devices in full, or a line for each one that there is. An exit code of util.h:
 * EXIT_CANNOT where the IOMMU is off, EXIT_FAILED where a named one is not there.
 */
int vfio_status(const struct vfio_host *host, const struct words *named, bool json);

#endif
