// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The host's isolation, read from the file that isolate keeps while something is applied. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostinfo_read.h"
#include "isolation.h"
#include "json_file.h"
#include "util.h"

#define APPLIED "/var/lib/exitlab/isolate/applied.json"

static bool this_boot(const json_t *applied)
{
	json_t *boot = read_text(&(struct place){"/proc/sys/kernel/random/boot_id", NULL, NULL});
	bool same = boot && !strcmp(json_string_value(boot), json_text(applied, "boot_id"));

	json_decref(boot);
	return same;
}

static int node_of(int cpu)
{
	char pattern[64];
	glob_t found;
	int node = 0;

	snprintf(pattern, sizeof(pattern), "/sys/devices/system/cpu/cpu%d/node[0-9]*", cpu);
	if (!glob(pattern, 0, NULL, &found)) {
		sscanf(strrchr(found.gl_pathv[0], '/'), "/node%d", &node);
		globfree(&found);
	}
	return node;
}

/* Is the knob in force? One that was denied is in the file, too. */
static bool in_force(const json_t *applied, const char *name)
{
	const json_t *knob = json_find(json_object_get(applied, "knobs"), "name", name);
	const char *status = json_text(knob, "status");

	return !strcmp(status, "applied") || !strcmp(status, "already");
}

int isolation_read(struct isolation *isolation)
{
	const char *path = getenv("EXITLAB_ISOLATION");
	json_error_t error;
	json_t *applied;

	*isolation = (struct isolation){.cpu = -1};
	if (!path || !*path)
		path = APPLIED;
	if (access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	applied = json_load_file(path, 0, &error);
	if (!applied || strcmp(json_text(applied, "schema"), "exitlab-isolation/1") ||
	    !json_is_integer(json_object_get(applied, "cpu"))) {
		pr_err("%s: %s; isolate restore removes it", path,
		       applied ? "not what isolate writes" : error.text);
		json_decref(applied);
		return -1;
	}
	if (!this_boot(applied)) {
		json_decref(applied);
		return 0;
	}
	isolation->applied = applied;
	isolation->cpu = json_integer_value(json_object_get(applied, "cpu"));
	isolation->cgroup = json_string_value(json_object_get(applied, "cgroup"));
	isolation->fifo = json_integer_value(json_object_get(applied, "fifo"));
	if (in_force(applied, "hugepages"))
		isolation->hugepages =
			json_integer_value(json_object_get(applied, "hugepages_mib"));
	isolation->node = node_of(isolation->cpu);
	return 0;
}

/* Writes a pid to cgroup/file; file may begin with "../". */
static bool move(const char *cgroup, const char *file, pid_t pid)
{
	char path[4200];
	int fd;
	bool moved;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	moved = dprintf(fd, "%d", pid) > 0;
	close(fd);
	return moved;
}

bool isolation_enter(const struct isolation *isolation, pid_t process, pid_t thread)
{
	if (!isolation || !isolation->cgroup)
		return true;
	return move(isolation->cgroup, "../cgroup.procs", process) &&
	       move(isolation->cgroup, "cgroup.threads", thread);
}
