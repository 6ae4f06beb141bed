/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The host's files below vfio_host's root, read and written for exitlab vfio. */
#ifndef EXITLAB_VFIO_FILES_H
#define EXITLAB_VFIO_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "vfio.h"

#define VFIO_DEVICES "/sys/bus/pci/devices"
#define VFIO_DRIVERS "/sys/bus/pci/drivers"

/* Root and path in one, printf-style. */
void vfio_path(const struct vfio_host *host, char path[PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Is there such a file? */
bool vfio_exists(const struct vfio_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first line of a file. False, and an empty line, where it cannot be read. */
bool vfio_line(const struct vfio_host *host, char *line, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The last name of what a link points at. False, and an empty name, where there is no such link. */
bool vfio_link(const struct vfio_host *host, char *name, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Writes text to a file that is there. 0 or an errno; ETIMEDOUT where the kernel does not come back
 * from it: a driver may wait for its users for ever. The lock of the journal is then held on until
 * it does.
 */
int vfio_put(const struct vfio_host *host, const char *text, const char *path);

/* Loads a kernel module with what it needs. False where that did not succeed, which modprobe says.
 */
bool vfio_load(const struct vfio_host *host, const char *module);

#endif
