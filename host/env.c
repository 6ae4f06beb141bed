// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env.h"
#include "hostinfo.h"
#include "util.h"
#include "version.h"

const char *env_clock(void)
{
	const char *clock = getenv("EXITLAB_LAB_CLOCK");

	return clock && !strcmp(clock, "insn") ? "insn" : "tsc";
}

/* The guest's own words, its "key=value" lines, as an object. */
static json_t *guest_json(const struct run *run)
{
	json_t *guest = json_object();
	char *copy = strdup(run->info), *rest = copy, *line;

	while (rest && (line = strsep(&rest, "\n"))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		json_object_set_new(guest, line, *value ? json_string(value) : json_null());
	}
	free(copy);
	return guest;
}

/*
 * How long the guest took from the vCPU's start to init, ns: to its first record, less what the
 * guest's TSC says lies between the two. Under the insn clock a nanosecond is an instruction.
 */
static json_t *boot_json(const struct run *run, const json_t *guest)
{
	const char *init = json_string_value(json_object_get(guest, "init_tsc"));
	const char *info = json_string_value(json_object_get(guest, "info_tsc"));
	json_t *boot =
		json_pack("{s:I, s:n}", "first_record_ns", (json_int_t)run->boot_ns, "init_ns");

	if (init && info && run->tsc_khz) {
		double ticks = strtoull(info, NULL, 10) - strtoull(init, NULL, 10);

		json_object_set_new(boot, "init_ns",
				    json_integer(run->boot_ns - ticks * 1e6 / run->tsc_khz));
	}
	return boot;
}

/* Adds the hash of the guest kernel's configuration, which lies beside the kernel. */
static void add_config_hash(json_t *guest, const char *kernel)
{
	char command[4400], hash[65] = "";
	const char *slash = strrchr(kernel, '/');
	FILE *pipe;

	snprintf(command, sizeof(command), "sha256sum '%.*s/config' 2>/dev/null",
		 slash ? (int)(slash - kernel) : 0, kernel);
	pipe = popen(command, "re");
	if (pipe && fscanf(pipe, "%64s", hash) != 1)
		hash[0] = '\0';
	if (pipe)
		pclose(pipe);
	json_object_set_new(guest, "config_sha256", hash[0] ? json_string(hash) : json_null());
}

json_t *env_json(const struct run *run, const char *time)
{
	json_t *guest = guest_json(run);
	const char *lab = getenv("EXITLAB_LAB");

	add_config_hash(guest, run->vm.kernel);
	return json_pack("{s:s, s:s, s:{s:s, s:s}, s:o, s:o, s:s, s:s, s:{s:s?, s:O}, s:o,"
			 " s:{s:s}, s:{s:s, s:o}, s:{s:i, s:b}, s:{s:I, s:b}, s:o, s:{s:s}}",
			 "schema", "exitlab-env/1", "time", time, "tool", "version",
			 EXITLAB_VERSION, "revision", EXITLAB_REVISION, "host", hostinfo_json(),
			 "lab", lab ? json_string(lab) : json_null(), "accel", run->vm.accel,
			 "machine", run->vm.machine, "qemu", "version", run->qemu_version,
			 "command", run->command, "guest", guest, "debugcon", "backend",
			 run->vm.debugcon_file ? "file" : "null", "clock", "kind", env_clock(),
			 "tsc_khz", run->tsc_khz ? json_integer(run->tsc_khz) : json_null(), "vcpu",
			 "cpu", run->vm.cpu, "pinned", run->pinned, "memory", "mib",
			 (json_int_t)run->vm.memory_mib, "locked", run->memory_locked, "boot",
			 boot_json(run, guest), "isolation", "status", "none applied");
}

int json_write(const json_t *object, const char *directory, const char *name)
{
	char path[4400];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (!object || json_dump_file(object, path, JSON_INDENT(2) | JSON_SORT_KEYS)) {
		pr_err("%s: %s", path, object ? strerror(errno) : "out of memory");
		return -1;
	}
	return 0;
}
