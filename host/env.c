// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
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
	enum emulator emulator;

	if (!clock || strcmp(clock, "insn"))
		return "tsc";
	/* The lab says so, but only an emulator can keep that clock. */
	emulator = hostinfo_emulator();
	if (emulator != EMULATOR_TCG && emulator != EMULATOR_BOCHS)
		die_code(EXIT_USAGE,
			 "EXITLAB_LAB_CLOCK=insn, but this host is not emulated: unset it");
	return "insn";
}

/* A value of INFO: a number where it is one, null where it is empty. */
static json_t *value_json(const char *value)
{
	if (!*value)
		return json_null();
	if (value[strspn(value, "0123456789")])
		return json_string(value);
	return json_integer(strtoll(value, NULL, 10));
}

json_t *env_lines(const char *text)
{
	json_t *object = json_object();
	char *copy = strdup(text), *rest = copy, *line;

	while (rest && (line = strsep(&rest, "\n"))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		json_object_set_new(object, line, value_json(value));
	}
	free(copy);
	return object;
}

/*
 * How long the guest took from the vCPU's start to init, ns: to its first record, less what the
 * guest's TSC says lies between the two. Under the insn clock it is in instructions, the TSC's
 * ticks.
 */
static json_t *boot_json(const struct run *run, const json_t *guest)
{
	bool insn = !strcmp(env_clock(), "insn") && run->tsc_khz;
	double unit = insn ? 1e6 / run->tsc_khz : 1, first = run->boot_ns / unit;
	json_t *boot = json_pack("{s:I, s:n}", "first_record_ns", (json_int_t)first, "init_ns");
	json_int_t init = json_integer_value(json_object_get(guest, "init_tsc"));
	json_int_t info = json_integer_value(json_object_get(guest, "info_tsc"));

	if (init && info > init && run->tsc_khz)
		json_object_set_new(
			boot, "init_ns",
			json_integer(first - (info - init) * 1e6 / run->tsc_khz / unit));
	return boot;
}

/* The configuration that lies beside the guest's kernel, as a hash: FNV-1a, 64 bit; or null. */
static json_t *config_hash(const char *kernel)
{
	const char *slash = strrchr(kernel, '/');
	char path[4400], text[32], data[65536];
	uint64_t hash = FNV_BASIS;
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), "%.*s/config", slash ? (int)(slash - kernel) : 0, kernel);
	file = fopen(path, "re");
	if (!file)
		return json_null();
	while ((got = fread(data, 1, sizeof(data), file)))
		hash = record_fnv(hash, data, got);
	fclose(file);
	snprintf(text, sizeof(text), "fnv1a64:%016" PRIx64, hash);
	return json_string(text);
}

json_t *env_begin(const char *time)
{
	const char *lab = getenv("EXITLAB_LAB");

	return json_pack("{s:s, s:s, s:{s:s, s:s}, s:o, s:s?, s:s*}", "schema", "exitlab-env/1",
			 "time", time, "tool", "version", EXITLAB_VERSION, "revision",
			 EXITLAB_REVISION, "host", hostinfo_json(), "lab", lab, "lab_append",
			 getenv("EXITLAB_LAB_APPEND"));
}

json_t *env_json(const struct run *run, const char *time)
{
	const struct vm_config *vm = &run->vm;
	json_t *guest = env_lines(run->info);
	json_t *env = env_begin(time);
	const struct {
		const char *key;
		json_t *value;
	} members[] = {
		{"accel", json_string(vm->accel)},
		{"machine", json_string(vm->machine)},
		{"qemu",
		 json_pack("{s:s?, s:O}", "version", run->qemu_version, "command", run->command)},
		{"debugcon", json_pack("{s:s}", "backend", vm->debugcon)},
		{"attached", json_string(run->attach ?: "none")},
		{"vcpu", json_pack("{s:i, s:i, s:b, s:b}", "count", vm->vcpus, "cpu", vm->cpu,
				   "pinned", run->pinned, "isolated", run->isolated)},
		{"memory", json_pack("{s:i, s:b, s:b}", "mib", vm->memory_mib, "locked",
				     run->memory_locked, "hugepages", vm_hugepages(vm))},
		{"host_interrupts", json_incref(run->host_interrupts)},
		{"clock", json_pack("{s:s, s:o}", "kind", env_clock(), "tsc_khz",
				    run->tsc_khz ? json_integer(run->tsc_khz) : json_null())},
		{"boot", boot_json(run, guest)},
		{"guest", guest},
		{"isolation",
		 json_pack("{s:O?, s:O?}", "applied", vm->isolation ? vm->isolation->applied : NULL,
			   "card", run->card)},
	};

	json_object_set_new(guest, "config", config_hash(vm->kernel));
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		json_object_set_new(env, members[i].key, members[i].value ?: json_null());
	return env;
}
