/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Binding and giving back, as the command and vfio_take() share them. */
#ifndef EXITLAB_VFIO_BIND_H
#define EXITLAB_VFIO_BIND_H

#include <signal.h>

#include "vfio_journal.h"
#include "vfio_use.h"

#define VFIO_DRIVER "vfio-pci"

/* May this user change devices? And have these groups, too? An exit code of util.h, with a line. */
int vfio_may_change(const struct vfio_host *host);
int vfio_ready(const struct vfio_host *host);

/* What taking one device comes to. */
struct vfio_plan {
	bool left; /* an NVSwitch: nothing is done */
	size_t n;
	struct vfio_device take[VFIO_GROUP_MOST]; /* itself first, then those of its group */
	struct vfio_uses obstacles;		  /* none: it can be taken */
};

void vfio_plan(const struct vfio_host *host, const struct vfio_device *device,
	       const struct vfio_opens *opens, struct vfio_plan *plan);

/* Is it a driver that leaves a group to guests: vfio's own, pci-stub, pcieport? */
bool vfio_leaves_group(const char *driver);

/*
 * vfio_take(); with keep the devices are bound until they are unbound, whoever lives. plan is what
 * there was before.
 */
int vfio_bind(const struct vfio_host *host, const char *bdf, bool keep, struct vfio_taken *taken,
	      struct vfio_plan *plan);

/* Writes to a file of the device. False with a line on stderr and errno. */
bool vfio_step(const struct vfio_host *host, const char *bdf, const char *text, const char *path);

enum vfio_outcome { VFIO_BACK, VFIO_GONE, VFIO_KEPT };

/* "back", "gone" (the device itself) or "not back". */
const char *vfio_outcome_name(enum vfio_outcome outcome);

/*
 * Gives one back to the driver that it had, and takes it out of the journal, but for VFIO_KEPT:
 * then a line on stderr says why.
 */
enum vfio_outcome vfio_put_back(struct vfio_journal *journal, struct vfio_held *held);

/* The signals that end a process; while devices change they wait. before: for vfio_signals_back().
 */
void vfio_signals_wait(sigset_t *before);
void vfio_signals_back(const sigset_t *before);

#endif
