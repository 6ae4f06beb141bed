// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who has which file of /dev open. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "json_file.h"
#include "util.h"
#include "vfio_files.h"
#include "vfio_use.h"

static void add(struct vfio_opens *opens, const struct vfio_open *one)
{
	/* As many as a power of two: there is room until then. */
	if (!(opens->n & (opens->n - 1))) {
		opens->open = realloc(opens->open, (opens->n * 2 ?: 1) * sizeof(*opens->open));
		if (!opens->open)
			die("no memory");
	}
	opens->open[opens->n++] = *one;
}

/* What every process has, and no device is behind. */
static bool is_usual(const char *name)
{
	static const char *const usual[] = {"null", "zero", "random", "urandom", "tty", "ptmx"};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (!strcmp(name, usual[i]))
			return true;
	return !strncmp(name, "pts/", 4) || !strncmp(name, "shm/", 4);
}

/* The descriptors of one process. */
static void read_process(const struct vfio_host *host, const char *pid, struct vfio_opens *opens)
{
	struct vfio_open one = {.pid = atoi(pid)};
	char path[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	struct stat status;
	const char *name;
	ssize_t n;
	DIR *dir;

	vfio_path(host, path, "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return;
	vfio_line(host, one.command, sizeof(one.command), "/proc/%s/comm", pid);
	tame(one.command);
	while ((entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		name = strstr(target, "/dev/"); /* a container may have it elsewhere */
		if (!name || is_usual(name + strlen("/dev/")))
			continue;
		one.number = 0;
		if (!fstatat(dirfd(dir), entry->d_name, &status, 0) &&
		    (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)))
			one.number = status.st_rdev;
		snprintf(one.name, sizeof(one.name), "%.63s", name + strlen("/dev/"));
		add(opens, &one);
	}
	closedir(dir);
}

void vfio_opens_read(const struct vfio_host *host, struct vfio_opens *opens)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	*opens = (struct vfio_opens){0};
	vfio_path(host, path, "/proc");
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			read_process(host, entry->d_name, opens);
	closedir(dir);
}

void vfio_opens_free(struct vfio_opens *opens)
{
	free(opens->open);
	*opens = (struct vfio_opens){0};
}

const struct vfio_open *vfio_opener(const struct vfio_opens *opens, const char *name, dev_t number)
{
	pid_t self = getpid();

	for (size_t i = 0; i < opens->n; i++) {
		const struct vfio_open *one = &opens->open[i];

		if (one->pid != self &&
		    (!strcmp(one->name, name) || (number && one->number == number)))
			return one;
	}
	return NULL;
}
