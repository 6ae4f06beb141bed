// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Walks what the kernel has made of a PCI device: each kind of thing has its own signs of use. */
#include <fts.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util.h"
#include "vfio_files.h"
#include "vfio_use.h"

#define NVIDIA_MAJOR 195

/* One directory below the device's own, a device of some class. */
struct part {
	const struct vfio_host *host;
	const char *path; /* with the root before it */
	const char *name; /* "eth0" */
};

void vfio_used(struct vfio_uses *uses, const char *format, ...)
{
	va_list arguments;

	if (uses->n == VFIO_USES_MOST)
		return;
	va_start(arguments, format);
	vsnprintf(uses->use[uses->n].what, sizeof(uses->use[0].what), format, arguments);
	va_end(arguments);
	snprintf(uses->use[uses->n++].bdf, VFIO_BDF_SIZE, "%s", uses->bdf);
}

void vfio_use_fix(struct vfio_uses *uses, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(uses->use[uses->n - 1].fix, sizeof(uses->use[0].fix), format, arguments);
	va_end(arguments);
}

/* The first line of a file of the part's. */
static bool part_line(const struct part *part, const char *name, char *line, size_t size)
{
	return vfio_line(&(struct vfio_host){.root = part->path}, line, size, "/%s", name);
}

static void disk(const struct part *part, struct vfio_uses *uses)
{
	vfio_disk_uses(part->host, part->name, uses);
}

static void nvme(const struct part *part, struct vfio_uses *uses)
{
	vfio_nvme_uses(part->host, part->name, uses);
}

static void network(const struct part *part, struct vfio_uses *uses)
{
	char flags[32], master[64];

	if (part_line(part, "flags", flags, sizeof(flags)) && strtol(flags, NULL, 0) & 1) {
		vfio_used(uses, "is the network %s, which is up", part->name);
		vfio_use_fix(uses, "ip link set %s down", part->name);
	} else if (vfio_link(&(struct vfio_host){.root = part->path}, master, sizeof(master),
			     "/master")) {
		vfio_used(uses, "is the network %s, part of %s", part->name, master);
		vfio_use_fix(uses, "ip link set %s nomaster", part->name);
	}
}

/* The kernel does not tell which screen of several its console is on. */
static void screen(const struct part *part, struct vfio_uses *uses)
{
	char pattern[PATH_MAX], name[64], bound[8];
	glob_t consoles = {0};

	vfio_path(part->host, pattern, "/sys/class/vtconsole/*");
	glob(pattern, 0, NULL, &consoles);
	for (size_t i = 0; i < consoles.gl_pathc; i++) {
		struct part console = {.path = consoles.gl_pathv[i]};

		if (!part_line(&console, "name", name, sizeof(name)) ||
		    !strstr(name, "frame buffer") ||
		    !part_line(&console, "bind", bound, sizeof(bound)) || strcmp(bound, "1"))
			continue;
		vfio_used(uses, "has the console's screen, %s", part->name);
		vfio_use_fix(uses, "echo 0 >/sys/class/vtconsole/%s/bind",
			     strrchr(console.path, '/') + 1);
		break;
	}
	globfree(&consoles);
}

static void terminal(const struct part *part, struct vfio_uses *uses)
{
	char active[256], *rest = active, *word;

	vfio_line(part->host, active, sizeof(active), "/sys/class/tty/console/active");
	while ((word = strsep(&rest, " ")))
		if (!strcmp(word, part->name)) {
			vfio_used(uses, "is the console %s", part->name);
			vfio_use_fix(uses, "boot without console=%s", part->name);
		}
}

static void share(const struct part *part, struct vfio_uses *uses)
{
	char tag[64];

	if (part_line(part, "mount_tag", tag, sizeof(tag)) ||
	    part_line(part, "virtiofs/tag", tag, sizeof(tag)))
		vfio_share_uses(part->host, tag, uses);
}

/* By the class or bus that the kernel has put it in. */
static const struct {
	const char *subsystem;
	void (*look)(const struct part *part, struct vfio_uses *uses);
} kinds[] = {
	{"block", disk}, {"graphics", screen}, {"net", network},
	{"nvme", nvme},	 {"tty", terminal},    {"virtio", share},
};

static void opened(const struct vfio_opens *opens, const char *name, dev_t number,
		   struct vfio_uses *uses)
{
	const struct vfio_open *one = vfio_opener(opens, name, number);

	if (!one)
		return;
	vfio_used(uses, "is open as /dev/%s by %s (pid %d)", name, one->command, one->pid);
	vfio_use_fix(uses, "end that program, or stop its service");
}

/* The name below /dev of a part that has one, as its uevent says. */
static bool node_name(const struct part *part, char *name, size_t size)
{
	char path[PATH_MAX + 8], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/uevent", part->path);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strncmp(line, "DEVNAME=", 8) &&
			snprintf(name, size, "%s", line + 8) < (int)size;
	}
	fclose(file);
	return found;
}

static void look_at(const struct part *part, const struct vfio_opens *opens, bool only_programs,
		    struct vfio_uses *uses)
{
	char subsystem[32], number[32], name[64];
	unsigned int major, minor;

	if (!vfio_link(&(struct vfio_host){.root = part->path}, subsystem, sizeof(subsystem),
		       "/subsystem"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !only_programs; i++)
		if (!strcmp(kinds[i].subsystem, subsystem))
			kinds[i].look(part, uses);
	if (part_line(part, "dev", number, sizeof(number)) &&
	    sscanf(number, "%u:%u", &major, &minor) == 2 && node_name(part, name, sizeof(name)))
		opened(opens, name, makedev(major, minor), uses);
}

/* NVIDIA's driver makes files of /dev that sysfs does not know. */
static void nvidia(const struct vfio_host *host, const char *bdf, const struct vfio_opens *opens,
		   struct vfio_uses *uses)
{
	char path[PATH_MAX], line[256], name[32];
	unsigned int minor;
	FILE *file;

	vfio_path(host, path, "/proc/driver/nvidia/gpus/%s/information", bdf);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Device Minor: %u", &minor) != 1)
			continue;
		snprintf(name, sizeof(name), "nvidia%u", minor);
		opened(opens, name, makedev(NVIDIA_MAJOR, minor), uses);
	}
	fclose(file);
}

static void whole_device(const struct vfio_host *host, const struct vfio_device *device,
			 struct vfio_uses *uses)
{
	char line[32];

	if (vfio_line(host, line, sizeof(line), VFIO_DEVICES "/%s/boot_vga", device->bdf) &&
	    !strcmp(line, "1")) {
		vfio_used(uses, "is the boot display");
		vfio_use_fix(uses, "choose another screen in the firmware, or another device");
	}
	if (vfio_line(host, line, sizeof(line), VFIO_DEVICES "/%s/sriov_numvfs", device->bdf) &&
	    atoi(line) > 0) {
		vfio_used(uses, "has %d virtual functions", atoi(line));
		vfio_use_fix(uses, "echo 0 >" VFIO_DEVICES "/%s/sriov_numvfs", device->bdf);
	}
}

static void group_open(const struct vfio_device *device, const struct vfio_opens *opens,
		       struct vfio_uses *uses)
{
	const struct vfio_open *one;
	char name[32];

	snprintf(name, sizeof(name), "vfio/%d", device->group);
	one = device->group < 0 ? NULL : vfio_opener(opens, name, 0);
	if (!one)
		return;
	vfio_used(uses, "is in group %d, which %s (pid %d) has", device->group, one->command,
		  one->pid);
	vfio_use_fix(uses, "shut that guest down");
}

static void walk(const struct vfio_host *host, const struct vfio_device *device,
		 const struct vfio_opens *opens, bool only_programs, struct vfio_uses *uses)
{
	char path[PATH_MAX], real[PATH_MAX];
	FTSENT *entry;
	FTS *tree;

	group_open(device, opens, uses);
	nvidia(host, device->bdf, opens, uses);
	vfio_path(host, path, VFIO_DEVICES "/%s", device->bdf);
	if (!realpath(path, real))
		return;
	tree = fts_open((char *[]){real, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	/* Partitions come before their disk. */
	while (tree && (entry = fts_read(tree)))
		if (entry->fts_info == FTS_DP && entry->fts_level > 0)
			look_at(&(struct part){host, entry->fts_path, entry->fts_name}, opens,
				only_programs, uses);
	if (tree)
		fts_close(tree);
}

void vfio_uses_find(const struct vfio_host *host, const struct vfio_device *device,
		    const struct vfio_opens *opens, struct vfio_uses *uses)
{
	uses->bdf = device->bdf;
	whole_device(host, device, uses);
	walk(host, device, opens, false, uses);
}

void vfio_programs_find(const struct vfio_host *host, const struct vfio_device *device,
			const struct vfio_opens *opens, struct vfio_uses *uses)
{
	uses->bdf = device->bdf;
	walk(host, device, opens, true, uses);
}
