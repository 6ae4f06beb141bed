/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What of the host uses a device, so that it must not be taken. */
#ifndef EXITLAB_VFIO_USE_H
#define EXITLAB_VFIO_USE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "vfio.h"

#define VFIO_USES_MOST 32 /* more are not told */

struct vfio_uses {
	const char *bdf; /* of the device that is looked at */
	size_t n;
	struct {
		char bdf[VFIO_BDF_SIZE];
		char what[240]; /* goes on with the device: "holds /dev/sda1, mounted at /" */
		char fix[240];	/* how to end that: a command or words */
	} use[VFIO_USES_MOST];
};

/* Appends what, printf-style; then how to end it. */
void vfio_used(struct vfio_uses *uses, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void vfio_use_fix(struct vfio_uses *uses, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One file of /dev that a process has open. */
struct vfio_open {
	pid_t pid;
	dev_t number;	  /* of a device; 0 where it is none */
	char name[64];	  /* below /dev: "nvidia0" */
	char command[20]; /* the process's name, printable */
};

/* What all processes have open of /dev; of others' only what this user may see. */
struct vfio_opens {
	size_t n;
	struct vfio_open *open;
};

void vfio_opens_read(const struct vfio_host *host, struct vfio_opens *opens);
void vfio_opens_free(struct vfio_opens *opens);

/* The first process but this one that has it open, by its name below /dev or its number; or NULL.
 */
const struct vfio_open *vfio_opener(const struct vfio_opens *opens, const char *name, dev_t number);

/*
 * Looks for all that uses the device: disks, networks, the screen and the console, programs, and
 * VMs that have its group.
 */
void vfio_uses_find(const struct vfio_host *host, const struct vfio_device *device,
		    const struct vfio_opens *opens, struct vfio_uses *uses);

/* Programs and VMs alone: while there are any, no driver lets go of the device. */
void vfio_programs_find(const struct vfio_host *host, const struct vfio_device *device,
			const struct vfio_opens *opens, struct vfio_uses *uses);

/* host/vfio_disk.c */

/* A block device, "sda1": mounted, swapped to, or part of one that is. */
void vfio_disk_uses(const struct vfio_host *host, const char *name, struct vfio_uses *uses);

/*
 * The disks of an NVMe controller, "nvme0", that sysfs does not have below it since there may be
 * two ways to them.
 */
void vfio_nvme_uses(const struct vfio_host *host, const char *controller, struct vfio_uses *uses);

/* The file system that a virtio device shares under this tag. */
void vfio_share_uses(const struct vfio_host *host, const char *tag, struct vfio_uses *uses);

#endif
