// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Does the host live on this disk? Mounts, swap, and whatever has a block device to itself. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfio_files.h"
#include "vfio_use.h"

#define DISK_NAME  64
#define DEPTH_MOST 8 /* of disks upon disks: a partition, RAID, encryption, LVM, ... */

/*
 * As procfs writes a name: a blank is \040. In place. A long name is cut off, maybe within such a
 * number.
 */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

struct mount {
	char number[24], at[160], type[32], source[160];
};

/* 36 35 98:0 /root /mount/point options [more...] - type source options: proc(5) */
static bool parse_mount(const char *line, struct mount *mount)
{
	const char *rest = strstr(line, " - ");

	if (!rest || sscanf(line, "%*s %*s %23s %*s %159s", mount->number, mount->at) != 2 ||
	    sscanf(rest + 3, "%31s %159s", mount->type, mount->source) != 2)
		return false;
	unescape(mount->at);
	unescape(mount->source);
	return true;
}

typedef bool mount_test(const struct vfio_host *host, const struct mount *mount, const char *name);

/* The first mount that passes the test; of this process, and of the first one, which may see more.
 */
static bool find_mount(const struct vfio_host *host, mount_test *passes, const char *name,
		       struct mount *mount)
{
	static const char *const files[] = {"/proc/self/mountinfo", "/proc/1/mountinfo"};
	char path[PATH_MAX], line[4 * PATH_MAX];
	bool found = false;

	for (int i = 0; i < 2 && !found; i++) {
		FILE *file;

		vfio_path(host, path, "%s", files[i]);
		file = fopen(path, "re");
		if (!file)
			continue;
		while (!found && fgets(line, sizeof(line), file))
			found = parse_mount(line, mount) && passes(host, mount, name);
		fclose(file);
	}
	return found;
}

/* A path of /dev; LVM's, for one, are links. */
static bool names_disk(const struct vfio_host *host, const char *path, const char *name)
{
	char target[DISK_NAME];

	if (strncmp(path, "/dev/", 5))
		return false;
	return !strcmp(path + 5, name) ||
	       (vfio_link(host, target, sizeof(target), "%s", path) && !strcmp(target, name));
}

/* By its source as well as by its number: btrfs has numbers of its own. */
static bool is_of_disk(const struct vfio_host *host, const struct mount *mount, const char *name)
{
	char number[24];

	return names_disk(host, mount->source, name) ||
	       (vfio_line(host, number, sizeof(number), "/sys/class/block/%s/dev", name) &&
		!strcmp(number, mount->number));
}

static bool is_share(const struct vfio_host *host, const struct mount *mount, const char *tag)
{
	(void)host;
	return (!strcmp(mount->type, "9p") || !strcmp(mount->type, "virtiofs")) &&
	       !strcmp(mount->source, tag);
}

static bool is_swap(const struct vfio_host *host, const char *name)
{
	char path[PATH_MAX], line[PATH_MAX], swap[160];
	bool found = false;
	FILE *file;

	vfio_path(host, path, "/proc/swaps");
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%159s", swap) != 1)
			continue;
		unescape(swap);
		found = names_disk(host, swap, name);
	}
	fclose(file);
	return found;
}

/* Has somebody got it alone? So has ZFS, and a mount that only another namespace sees. */
static bool is_exclusive(const struct vfio_host *host, const char *name)
{
	struct stat status;
	char path[PATH_MAX];
	int fd;

	vfio_path(host, path, "/dev/%s", name);
	if (stat(path, &status) || !S_ISBLK(status.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBUSY;
}

/* Has a use of the same device been found? */
static bool is_told(const struct vfio_uses *uses)
{
	return uses->n && !strcmp(uses->use[uses->n - 1].bdf, uses->bdf);
}

/* Looks at name, which is the disk of the device or lies upon it. True where that is in use. */
static bool disk_used(const struct vfio_host *host, const char *disk, const char *name, int depth,
		      struct vfio_uses *uses)
{
	char pattern[PATH_MAX], by[DISK_NAME + 8] = "";
	const char *holder = NULL;
	struct mount mount;
	glob_t holders = {0};
	bool used = true;

	if (depth)
		snprintf(by, sizeof(by), " by %s", name);
	if (find_mount(host, is_of_disk, name, &mount)) {
		vfio_used(uses, "holds /dev/%s, mounted%s at %s", disk, by, mount.at);
		vfio_use_fix(uses, "umount %s", mount.at);
		return true;
	}
	if (is_swap(host, name)) {
		vfio_used(uses, "holds /dev/%s, swapped to%s", disk, by);
		vfio_use_fix(uses, "swapoff /dev/%s", name);
		return true;
	}
	vfio_path(host, pattern, "/sys/class/block/%s/holders/*", name);
	glob(pattern, 0, NULL, &holders);
	for (size_t i = 0; i < holders.gl_pathc; i++) {
		holder = strrchr(holders.gl_pathv[i], '/') + 1;
		if (depth < DEPTH_MOST && disk_used(host, disk, holder, depth + 1, uses))
			break;
		if (i + 1 < holders.gl_pathc)
			continue;
		vfio_used(uses, "holds /dev/%s, part of %s", disk, holder);
		vfio_use_fix(uses,
			     "stop what made %s: vgchange -an, mdadm --stop, cryptsetup close",
			     holder);
	}
	/* A partition that is in use makes its disk so; one line will do. */
	if (!holder)
		used = !is_told(uses) && is_exclusive(host, name);
	globfree(&holders);
	if (used && !holder) {
		vfio_used(uses, "holds /dev/%s, which the host has to itself%s", disk, by);
		vfio_use_fix(uses, "end that: zpool export, or a mount of another namespace");
	}
	return used;
}

void vfio_disk_uses(const struct vfio_host *host, const char *name, struct vfio_uses *uses)
{
	disk_used(host, name, name, 0, uses);
}

void vfio_nvme_uses(const struct vfio_host *host, const char *controller, struct vfio_uses *uses)
{
	char pattern[PATH_MAX];
	glob_t disks = {0};

	/* A subsystem has a link to each of its controllers, and its disks with their partitions.
	 */
	for (int level = 0; level < 2; level++) {
		vfio_path(host, pattern, "/sys/class/nvme-subsystem/*/nvme*n*%s",
			  level ? "/nvme*n*p*" : "");
		glob(pattern, level ? GLOB_APPEND : 0, NULL, &disks);
	}
	for (size_t i = 0; i < disks.gl_pathc; i++) {
		char *disk = disks.gl_pathv[i], way[PATH_MAX];
		const char *after = strstr(disk, "/nvme-subsystem/") + strlen("/nvme-subsystem/");
		int subsystem = after + strcspn(after, "/") - disk;

		snprintf(way, sizeof(way), "%.*s/%s", subsystem, disk, controller);
		if (!access(way, F_OK))
			vfio_disk_uses(host, strrchr(disk, '/') + 1, uses);
	}
	globfree(&disks);
}

void vfio_share_uses(const struct vfio_host *host, const char *tag, struct vfio_uses *uses)
{
	struct mount mount;
	char users[16];

	if (find_mount(host, is_share, tag, &mount)) {
		vfio_used(uses, "shares %s, mounted at %s", tag, mount.at);
		vfio_use_fix(uses, "umount %s", mount.at);
	} else if (vfio_line(host, users, sizeof(users), "/sys/module/9pnet_virtio/refcnt") &&
		   atoi(users) > 0) {
		/* Below another root, as that of a chroot, mounts are not seen. */
		vfio_used(uses, "shares %s, and some 9p file system is mounted", tag);
		vfio_use_fix(uses, "umount it");
	}
}
