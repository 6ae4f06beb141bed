// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One PCI device as sysfs describes it: what it is, its BARs, its IOMMU group. */
#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_list.h"
#include "util.h"
#include "vfio_files.h"

/* Flags of a line of sysfs' resource: include/linux/ioport.h. */
#define RESOURCE_IO	  0x00000100
#define RESOURCE_MEMORY	  0x00000200
#define RESOURCE_PREFETCH 0x00002000
#define RESOURCE_64BIT	  0x00100000
#define RESOURCE_UNSET	  0x20000000

#define NODES "/sys/devices/system/node"

#define NVIDIA	     0x10de
#define OTHER_BRIDGE 0x0680 /* base class and subclass of an NVSwitch */

#define HEADER_TYPE    0x0e /* in configuration space */
#define HEADER_BRIDGE  0x01
#define HEADER_CARDBUS 0x02

static bool hex_digits(const char **text, int least, int most)
{
	int n = 0;

	while (isxdigit((unsigned char)**text) && n < most + 1) {
		(*text)++;
		n++;
	}
	return n >= least && n <= most;
}

bool vfio_parse_bdf(const char *text, char bdf[VFIO_BDF_SIZE])
{
	const char *at = text;
	bool domain = strchr(text, ':') != strrchr(text, ':');

	if (domain && (!hex_digits(&at, 4, 8) || *at++ != ':'))
		return false;
	if (!hex_digits(&at, 2, 2) || *at++ != ':' || !hex_digits(&at, 2, 2) || *at++ != '.' ||
	    *at < '0' || *at > '7' || at[1])
		return false;
	snprintf(bdf, VFIO_BDF_SIZE, "%s%s", domain ? "" : "0000:", text);
	for (char *c = bdf; *c; c++)
		*c = tolower((unsigned char)*c);
	return true;
}

size_t vfio_bars(const struct vfio_host *host, const char *bdf, struct vfio_bar bars[VFIO_BARS])
{
	uint64_t start, end, flags;
	char path[PATH_MAX];
	size_t n = 0;
	FILE *file;

	vfio_path(host, path, VFIO_DEVICES "/%s/resource", bdf);
	file = fopen(path, "re");
	if (!file)
		return 0;
	for (unsigned int index = 0; index < VFIO_BARS; index++) {
		if (fscanf(file, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &end, &flags) != 3)
			break;
		if (!(flags & (RESOURCE_IO | RESOURCE_MEMORY)) || end <= start)
			continue;
		bars[n++] = (struct vfio_bar){
			.index = index,
			.memory = flags & RESOURCE_MEMORY,
			.prefetchable = flags & RESOURCE_PREFETCH,
			.is_64bit = flags & RESOURCE_64BIT,
			.placed = start && !(flags & RESOURCE_UNSET),
			.address = flags & RESOURCE_UNSET ? 0 : start,
			.size = end - start + 1,
		};
	}
	fclose(file);
	return n;
}

/* A number of a file of the device, or otherwise. */
static long number(const struct vfio_host *host, const char *bdf, const char *name, long otherwise)
{
	char line[64], *end;
	long value;

	if (!vfio_line(host, line, sizeof(line), VFIO_DEVICES "/%s/%s", bdf, name))
		return otherwise;
	value = strtol(line, &end, 0);
	return end == line || *end ? otherwise : value;
}

/*
 * The kernel takes no device whose header is a bridge's, whatever class it names, and an NVSwitch,
 * of class bridge, has a device's.
 */
static bool is_bridge(const struct vfio_host *host, const char *bdf, unsigned int class)
{
	unsigned char type = class >> 8 == 0x0604 ? HEADER_BRIDGE : 0;
	char path[PATH_MAX];
	int fd;

	vfio_path(host, path, VFIO_DEVICES "/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (pread(fd, &type, 1, HEADER_TYPE) != 1)
			type = 0;
		close(fd);
	}
	type &= 0x7f;
	return type == HEADER_BRIDGE || type == HEADER_CARDBUS;
}

int vfio_device_read(const struct vfio_host *host, const char *bdf, struct vfio_device *device)
{
	char group[16];

	*device = (struct vfio_device){.group = -1};
	if (!vfio_exists(host, VFIO_DEVICES "/%s/vendor", bdf))
		return -1;
	snprintf(device->bdf, sizeof(device->bdf), "%s", bdf);
	device->vendor = number(host, bdf, "vendor", 0);
	device->device = number(host, bdf, "device", 0);
	device->class = number(host, bdf, "class", 0);
	device->node = number(host, bdf, "numa_node", -1);
	device->bridge = is_bridge(host, bdf, device->class);
	vfio_link(host, device->driver, sizeof(device->driver), VFIO_DEVICES "/%s/driver", bdf);
	vfio_line(host, device->override, sizeof(device->override),
		  VFIO_DEVICES "/%s/driver_override", bdf);
	if (!strcmp(device->override, "(null)"))
		device->override[0] = '\0';
	vfio_line(host, device->reset, sizeof(device->reset), VFIO_DEVICES "/%s/reset_method", bdf);
	vfio_line(host, device->power, sizeof(device->power), VFIO_DEVICES "/%s/power_state", bdf);
	if (vfio_link(host, group, sizeof(group), VFIO_DEVICES "/%s/iommu_group", bdf))
		device->group = atoi(group);
	return 0;
}

static bool in_list(const char *list, int number)
{
	int first, last;

	while (kernel_list_next(&list, &first, &last))
		if (number >= first && number <= last)
			return true;
	return false;
}

int vfio_memory_node(const struct vfio_host *host, const struct vfio_device *device)
{
	char nodes[256];

	if (!vfio_exists(host, NODES "/node1") ||
	    (vfio_line(host, nodes, sizeof(nodes), NODES "/has_memory") &&
	     !in_list(nodes, device->node)))
		return -1;
	return device->node;
}

bool vfio_is_nvswitch(const struct vfio_device *device)
{
	return device->vendor == NVIDIA && device->class >> 8 == OTHER_BRIDGE && !device->bridge;
}

static int by_address(const void *one, const void *other)
{
	return strcmp(one, other);
}

size_t vfio_group(const struct vfio_host *host, int group,
		  char members[VFIO_GROUP_MOST][VFIO_BDF_SIZE])
{
	char pattern[PATH_MAX];
	glob_t found = {0};
	size_t n = 0;

	vfio_path(host, pattern, "/sys/kernel/iommu_groups/%d/devices/*", group);
	glob(pattern, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc && n < VFIO_GROUP_MOST; i++)
		/* A group may have devices of other buses, which are no business of vfio-pci. */
		n += vfio_parse_bdf(strrchr(found.gl_pathv[i], '/') + 1, members[n]);
	globfree(&found);
	qsort(members, n, VFIO_BDF_SIZE, by_address);
	return n;
}

bool vfio_iommufd(const struct vfio_host *host, const char *bdf, char *path, size_t size)
{
	char pattern[PATH_MAX];
	glob_t found = {0};
	bool has;

	vfio_path(host, pattern, VFIO_DEVICES "/%s/vfio-dev/vfio*", bdf);
	has = vfio_exists(host, "/dev/iommu") && !glob(pattern, 0, NULL, &found) &&
	      snprintf(path, size, "%s/dev/vfio/devices/%s", host->root,
		       strrchr(found.gl_pathv[0], '/') + 1) < (int)size &&
	      !access(path, F_OK);
	globfree(&found);
	return has;
}
