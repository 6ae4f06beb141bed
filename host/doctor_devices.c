// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* GPUs, and what passing one to a guest takes. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "util.h"
#include "vfio.h"

void doctor_iommu(const struct doctor_host *host, const struct doctor_check *check,
		  struct doctor_finding *finding)
{
	const char *fix = vfio_iommu_fix(&(struct vfio_host){.root = host->root});
	char pattern[PATH_MAX];
	glob_t groups = {0};

	(void)check;
	doctor_path(host, pattern, "/sys/kernel/iommu_groups/*");
	glob(pattern, 0, NULL, &groups);
	if (fix) {
		doctor_found(finding, DOCTOR_MISSING, "no groups in /sys/kernel/iommu_groups");
		doctor_fix(finding, "# %s", fix);
	} else {
		doctor_found(finding, DOCTOR_OK, "%zu groups", groups.gl_pathc);
	}
	globfree(&groups);
}

void doctor_vfio(const struct doctor_host *host, const struct doctor_check *check,
		 struct doctor_finding *finding)
{
	char path[PATH_MAX];

	(void)check;
	doctor_path(host, path, "/sys/bus/pci/drivers/vfio-pci/bind");
	if (access(path, F_OK)) {
		doctor_found(finding, DOCTOR_MISSING, "the driver vfio-pci is not loaded");
	} else if (access(path, W_OK)) {
		doctor_failed(finding, "vfio-pci");
		doctor_fix(finding, "sudo -s");
	} else {
		doctor_path(host, path, "/dev/iommu");
		doctor_found(finding, DOCTOR_OK, "vfio-pci is loaded%s",
			     access(path, F_OK) ? "" : ", iommufd, too");
	}
}

/* A file of one PCI device, "0x10de" and the like, as a number; 0 where it cannot be read. */
static unsigned int pci_number(const char *device, const char *name)
{
	char path[PATH_MAX + 16];
	unsigned int number = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", device, name);
	file = fopen(path, "re");
	if (file && fscanf(file, "%x", &number) != 1)
		number = 0;
	if (file)
		fclose(file);
	return number;
}

#define PCI_DISPLAY 0x03 /* base class: VGA, 3D and other display controllers */
#define PCI_NVIDIA  0x10de

void doctor_gpu(const struct doctor_host *host, const struct doctor_check *check,
		struct doctor_finding *finding)
{
	char pattern[PATH_MAX], text[160] = "";
	size_t used = 0, ours = 0, count = 0;
	glob_t devices = {0};

	(void)check;
	doctor_path(host, pattern, "/sys/bus/pci/devices/*");
	glob(pattern, 0, NULL, &devices);
	for (size_t i = 0; i < devices.gl_pathc; i++) {
		const char *device = devices.gl_pathv[i];
		unsigned int vendor = pci_number(device, "vendor");

		if (pci_number(device, "class") >> 16 != PCI_DISPLAY)
			continue;
		count++;
		ours += vendor == PCI_NVIDIA;
		if (used < sizeof(text))
			used += snprintf(text + used, sizeof(text) - used, "%s%s %04x:%04x",
					 used ? ", " : "", strrchr(device, '/') + 1, vendor,
					 pci_number(device, "device"));
	}
	globfree(&devices);
	if (ours)
		doctor_found(finding, DOCTOR_OK, "%s", text);
	else if (count)
		doctor_found(finding, DOCTOR_MISSING, "none of NVIDIA: %s", text);
	else
		doctor_found(finding, DOCTOR_MISSING, "no display or 3D controller on PCI");
}

/* The first word of line that is a version: "535.104.05". */
static const char *version_in(char *line)
{
	char *rest = line, *word;

	while ((word = strsep(&rest, " \t")))
		if (isdigit((unsigned char)*word) && strchr(word, '.'))
			return word;
	return "of unknown version";
}

void doctor_nvidia(const struct doctor_host *host, const struct doctor_check *check,
		   struct doctor_finding *finding)
{
	char line[256], path[PATH_MAX];
	int fd;

	(void)check;
	if (!doctor_line(host, line, sizeof(line), "/proc/driver/nvidia/version")) {
		doctor_failed(finding, "/proc/driver/nvidia/version");
		return;
	}
	doctor_path(host, path, "/dev/nvidiactl");
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		doctor_failed(finding, "/dev/nvidiactl");
		if (finding->state == DOCTOR_DENIED)
			doctor_fix(finding, "sudo chmod a+rw /dev/nvidia*");
		else
			doctor_fix(finding, "sudo nvidia-modprobe -u -c 0");
		return;
	}
	close(fd);
	doctor_found(finding, DOCTOR_OK, "%s", version_in(line));
}
