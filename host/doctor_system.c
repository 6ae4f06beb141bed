// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rights, room, and what isolation takes of a host. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "doctor.h"
#include "hostinfo_read.h"
#include "memlock.h"
#include "util.h"

void doctor_root(const struct doctor_host *host, const struct doctor_check *check,
		 struct doctor_finding *finding)
{
	char line[128];
	unsigned int inside, outside, count;

	(void)check;
	if (geteuid())
		doctor_found(finding, DOCTOR_DENIED, "user %u, not root", geteuid());
	else if (!doctor_line(host, line, sizeof(line), "/proc/self/uid_map"))
		doctor_failed(finding, "/proc/self/uid_map");
	else if (sscanf(line, "%u %u %u", &inside, &outside, &count) != 3 || count != ~0u)
		doctor_found(finding, DOCTOR_DENIED, "root of a user namespace only");
	else
		doctor_found(finding, DOCTOR_OK, "user 0");
}

void doctor_cpus(const struct doctor_host *host, const struct doctor_check *check,
		 struct doctor_finding *finding)
{
	char path[PATH_MAX];
	json_t *count;

	(void)check;
	doctor_path(host, path, "/sys/devices/system/cpu/online");
	count = read_list_size(&(struct place){path, NULL, NULL});
	if (!count)
		doctor_failed(finding, "/sys/devices/system/cpu/online");
	else if (json_integer_value(count) < 2)
		doctor_found(finding, DOCTOR_MISSING, "one CPU");
	else
		doctor_found(finding, DOCTOR_OK, "%d CPUs", (int)json_integer_value(count));
	json_decref(count);
}

/* argument: MiB of a guest larger than the default one. */
void doctor_memlock(const struct doctor_host *host, const struct doctor_check *check,
		    struct doctor_finding *finding)
{
	unsigned int mib = memlock_mib(atoi(check->argument));

	(void)host;
	if (may_lock(mib))
		doctor_found(finding, DOCTOR_OK, "%u MiB may be locked", mib);
	else
		doctor_found(finding, DOCTOR_DENIED, "%u MiB may not be locked: ulimit -l", mib);
}

static const struct room {
	const char *name, *variable;
	unsigned int mib; /* that should be free */
} rooms[] = {
	{"results", "RESULTS", 100},
	{"cache", "CACHE", 4096}, /* a kernel's source, its build, and the lab's kernel */
};

/* Cuts path down to the part of it that is there. */
static void find_existing(char path[PATH_MAX])
{
	while (access(path, F_OK) && errno == ENOENT) {
		char *slash = strrchr(path, '/');

		if (!slash)
			strcpy(path, ".");
		else if (slash == path)
			path[1] = '\0';
		else
			*slash = '\0';
	}
}

void doctor_room(const struct doctor_host *host, const struct doctor_check *check,
		 struct doctor_finding *finding)
{
	const struct room *room = strcmp(check->argument, rooms[0].name) ? &rooms[1] : &rooms[0];
	const char *directory = room == rooms ? host->results : host->cache;
	unsigned long long free_mib;
	struct statvfs system;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", directory);
	find_existing(path);
	if (access(path, W_OK) || statvfs(path, &system)) {
		doctor_failed(finding, "%s", directory);
		doctor_fix(finding, "# choose a directory of yours: %s=DIR", room->variable);
		return;
	}
	free_mib = (unsigned long long)system.f_bavail * system.f_frsize >> 20;
	doctor_found(finding, free_mib < room->mib ? DOCTOR_MISSING : DOCTOR_OK,
		     "%llu MiB free in %s%s", free_mib, directory,
		     free_mib < room->mib ? ", too little" : "");
	doctor_fix(finding, "# make room in %s, or choose another: %s=DIR", directory,
		   room->variable);
}

/* Is word one of the line's, separated by blanks? */
static bool has_word(const char *line, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = line; (at = strstr(at, word)); at++)
		if ((at == line || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

/* Where the first file system of this type is mounted. */
static bool find_mount(const struct doctor_host *host, const char *type, char at[PATH_MAX])
{
	char path[PATH_MAX], line[2 * PATH_MAX], found[64];
	bool is = false;
	FILE *mounts;

	doctor_path(host, path, "/proc/self/mounts");
	mounts = fopen(path, "re");
	while (mounts && !is && fgets(line, sizeof(line), mounts))
		is = sscanf(line, "%*s %4095s %63s", at, found) == 2 && !strcmp(found, type);
	if (mounts)
		fclose(mounts);
	return is;
}

void doctor_cgroup(const struct doctor_host *host, const struct doctor_check *check,
		   struct doctor_finding *finding)
{
	char mount[PATH_MAX], path[PATH_MAX + 32], line[256];

	(void)check;
	if (!find_mount(host, "cgroup2", mount)) {
		bool old = find_mount(host, "cgroup", mount);

		doctor_found(finding, DOCTOR_MISSING, "not mounted%s",
			     old ? ", and version 1 has the controllers" : "");
		if (old)
			doctor_fix(finding, "# boot with cgroup_no_v1=all "
					    "systemd.unified_cgroup_hierarchy=1");
		else
			doctor_fix(finding, "sudo mount -t cgroup2 none /sys/fs/cgroup");
		return;
	}
	snprintf(path, sizeof(path), "%s/cgroup.controllers", mount);
	if (!doctor_line(host, line, sizeof(line), path)) {
		doctor_failed(finding, "%s", path);
	} else if (has_word(line, "cpuset")) {
		doctor_found(finding, DOCTOR_OK, "%s, with cpuset", mount);
	} else {
		doctor_found(finding, DOCTOR_MISSING, "%s is without the cpuset controller", mount);
		doctor_fix(finding, "# boot with cgroup_no_v1=cpuset; a container's host must "
				    "delegate cpuset");
	}
}

#define HUGEPAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/"

void doctor_hugepages(const struct doctor_host *host, const struct doctor_check *check,
		      struct doctor_finding *finding)
{
	char all[32], unused[32];

	(void)check;
	if (!doctor_line(host, all, sizeof(all), HUGEPAGES "nr_hugepages") ||
	    !doctor_line(host, unused, sizeof(unused), HUGEPAGES "free_hugepages")) {
		doctor_failed(finding, HUGEPAGES);
	} else if (strcmp(all, "0")) {
		doctor_found(finding, DOCTOR_OK, "%s of 2 MiB, %s free", all, unused);
	} else if (!geteuid()) {
		doctor_found(finding, DOCTOR_OK, "none yet; isolate makes those it takes");
	} else {
		doctor_found(finding, DOCTOR_DENIED, "none, and only root can make them");
		doctor_fix(finding, "echo 128 | sudo tee " HUGEPAGES "nr_hugepages");
	}
}

/* Of "name=value" in a kernel's command line, the value; "-" where there is none. */
static void find_parameter(const char *line, const char *name, char *value, size_t size)
{
	char pattern[32];
	const char *at;

	snprintf(pattern, sizeof(pattern), " %s=", name);
	at = strstr(line, pattern);
	at = at ? at + strlen(pattern) : "-";
	snprintf(value, size, "%.*s", (int)strcspn(at, " "), at);
}

void doctor_boot_parameters(const struct doctor_host *host, const struct doctor_check *check,
			    struct doctor_finding *finding)
{
	static const char *const names[] = {"isolcpus", "nohz_full", "rcu_nocbs"};
	char line[4096] = " ", value[64], text[200];
	size_t used = 0, missing = 0;

	(void)check;
	if (!doctor_line(host, line + 1, sizeof(line) - 1, "/proc/cmdline")) {
		doctor_failed(finding, "/proc/cmdline");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		find_parameter(line, names[i], value, sizeof(value));
		missing += !strcmp(value, "-");
		used += snprintf(text + used, sizeof(text) - used, "%s%s %s", i ? ", " : "",
				 names[i], value);
	}
	doctor_found(finding, missing ? DOCTOR_MISSING : DOCTOR_OK, "%s", text);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		doctor_fix(finding, "@isolate advise --cpu %ld", sysconf(_SC_NPROCESSORS_ONLN) - 1);
}

#define CAP_SYS_MODULE_BIT 16

void doctor_modules(const struct doctor_host *host, const struct doctor_check *check,
		    struct doctor_finding *finding)
{
	char path[PATH_MAX], line[4096] = " ";
	unsigned long long rights = 0;
	json_t *text;

	(void)check;
	doctor_path(host, path, "/proc/modules");
	if (access(path, F_OK)) {
		doctor_failed(finding, "/proc/modules");
		doctor_fix(finding, "# run a kernel with CONFIG_MODULES=y and without nomodule");
		return;
	}
	if (doctor_line(host, line + 1, sizeof(line) - 1, "/proc/cmdline") &&
	    has_word(line + 1, "nomodule")) {
		doctor_found(finding, DOCTOR_MISSING, "the kernel was booted with nomodule");
		doctor_fix(finding, "# run a kernel with CONFIG_MODULES=y and without nomodule");
		return;
	}
	if (doctor_line(host, line, sizeof(line), "/proc/sys/kernel/modules_disabled") &&
	    !strcmp(line, "1")) {
		doctor_found(finding, DOCTOR_MISSING, "switched off: kernel.modules_disabled=1");
		doctor_fix(finding, "# reboot: nothing else switches it back");
		return;
	}
	doctor_path(host, path, "/proc/self/status");
	text = read_field(&(struct place){path, "CapEff", NULL});
	if (text)
		rights = strtoull(json_string_value(text), NULL, 16);
	json_decref(text);
	if (rights >> CAP_SYS_MODULE_BIT & 1) {
		doctor_found(finding, DOCTOR_OK, "CAP_SYS_MODULE");
	} else {
		doctor_found(finding, DOCTOR_DENIED, "no CAP_SYS_MODULE");
		doctor_fix(finding, "sudo -s");
	}
}
