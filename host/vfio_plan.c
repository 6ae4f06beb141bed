// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* May a device be taken, and what of its IOMMU group goes with it? */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"
#include "vfio_bind.h"
#include "vfio_files.h"

#define BRIDGE	     0x06
#define OTHER_BRIDGE 0x80 /* subclass; such are endpoints: NVSwitch, non-transparent bridges */

#define ACS_FIX                                                                                    \
	"switch ACS on in the firmware, or use another slot, so that it gets a group of its own"

int vfio_may_change(const struct vfio_host *host)
{
	if (*host->root || !geteuid())
		return EXIT_OK;
	pr_err("vfio: only root may take devices or give them back: run it again with sudo");
	return EXIT_CANNOT;
}

int vfio_ready(const struct vfio_host *host)
{
	const char *fix = vfio_iommu_fix(host);

	if (!fix)
		return vfio_may_change(host);
	pr_err("vfio: the IOMMU is off, so no device can be given to a guest: %s", fix);
	return EXIT_CANNOT;
}

bool vfio_leaves_group(const char *driver)
{
	/* Variants for some devices are called mlx5_vfio_pci, nvgrace-gpu-vfio-pci and so on. */
	return strstr(driver, "vfio") || !strcmp(driver, "pci-stub") || !strcmp(driver, "pcieport");
}

/* A part of the board, which no guest gets whatever its header says. */
static bool is_of_board(const struct vfio_device *device)
{
	return device->bridge ||
	       (device->class >> 16 == BRIDGE && (device->class >> 8 & 0xff) != OTHER_BRIDGE);
}

/* One more of the group: taken along, no obstacle, or one. */
static void plan_member(const struct vfio_device *member, struct vfio_plan *plan)
{
	if (member->bridge || !*member->driver)
		return;
	if (!strcmp(member->driver, VFIO_DRIVER)) {
		plan->take[plan->n++] = *member;
		return;
	}
	if (vfio_leaves_group(member->driver))
		return;
	if (!is_of_board(member) && !vfio_is_nvswitch(member)) {
		plan->take[plan->n++] = *member;
		return;
	}
	plan->obstacles.bdf = plan->take[0].bdf;
	vfio_used(&plan->obstacles, "shares group %d with %s, %s of driver %s, which stays",
		  member->group, member->bdf,
		  vfio_is_nvswitch(member) ? "NVSwitch" : vfio_class_name(member->class),
		  member->driver);
	vfio_use_fix(&plan->obstacles, ACS_FIX);
}

static void plan_itself(const struct vfio_device *device, struct vfio_plan *plan)
{
	plan->take[plan->n++] = *device;
	plan->obstacles.bdf = device->bdf;
	if (is_of_board(device)) {
		vfio_used(&plan->obstacles, "is part of the board, %s",
			  vfio_class_name(device->class));
		vfio_use_fix(&plan->obstacles, "choose a device: exitlab vfio status lists them");
	} else if (device->group < 0) {
		vfio_used(&plan->obstacles, "has no IOMMU group");
		vfio_use_fix(&plan->obstacles, "use another slot: this one is behind no IOMMU");
	}
}

void vfio_plan(const struct vfio_host *host, const struct vfio_device *device,
	       const struct vfio_opens *opens, struct vfio_plan *plan)
{
	char members[VFIO_GROUP_MOST][VFIO_BDF_SIZE];
	struct vfio_device member;
	size_t n = 0;

	*plan = (struct vfio_plan){.left = vfio_is_nvswitch(device)};
	if (plan->left)
		return;
	plan_itself(device, plan);
	if (device->group >= 0 && !plan->obstacles.n)
		n = vfio_group(host, device->group, members);
	for (size_t i = 0; i < n && plan->n < VFIO_GROUP_MOST; i++)
		if (strcmp(members[i], device->bdf) && !vfio_device_read(host, members[i], &member))
			plan_member(&member, plan);
	/* What a part of the board is used for is no question. */
	for (size_t i = 0; i < plan->n && !is_of_board(device); i++)
		(strcmp(plan->take[i].driver, VFIO_DRIVER) ? vfio_uses_find : vfio_programs_find)(
			host, &plan->take[i], opens, &plan->obstacles);
}
