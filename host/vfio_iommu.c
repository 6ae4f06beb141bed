// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Is there an IOMMU that keeps devices apart, and if not, what switches it on? */
#include <glob.h>
#include <string.h>

#include "vfio_files.h"

/* vfio's mode without an IOMMU makes groups, too, which protect nothing. */
static bool has_groups(const struct vfio_host *host)
{
	char pattern[PATH_MAX], name[32];
	glob_t groups = {0};
	bool has = false;

	vfio_path(host, pattern, "/sys/kernel/iommu_groups/*");
	glob(pattern, 0, NULL, &groups);
	for (size_t i = 0; i < groups.gl_pathc && !has; i++) {
		struct vfio_host group = {.root = groups.gl_pathv[i]};

		has = !vfio_line(&group, name, sizeof(name), "/name") ||
		      strcmp(name, "vfio-noiommu");
	}
	globfree(&groups);
	return has;
}

/* The firmware describes to the kernel the IOMMUs that it has switched on. */
const char *vfio_iommu_fix(const struct vfio_host *host)
{
	if (has_groups(host))
		return NULL;
	if (vfio_exists(host, "/sys/firmware/acpi/tables/DMAR"))
		return "boot with intel_iommu=on";
	if (vfio_exists(host, "/sys/firmware/acpi/tables/IVRS"))
		return "boot without amd_iommu=off and iommu=off";
	return "switch VT-d or AMD-Vi on in the firmware; on Intel also boot with intel_iommu=on";
}
