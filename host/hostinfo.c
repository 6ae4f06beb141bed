// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The host block of env.json: one table of what is read, where and how. A number means little
 * without the machine it came from, and a value that could not be read is null, never a guess.
 */
#include <cpuid.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostinfo.h"
#include "hostinfo_read.h"
#include "util.h"

static json_t *read_hypervisor(const struct place *place)
{
	return json_string(place->signature ? place->signature : "none");
}

static json_t *read_nested(const struct place *place)
{
	return json_boolean(place->signature);
}

/* QEMU's TCG names itself; Bochs hides, but its BIOS does not. path is the BIOS vendor. */
static enum emulator emulator_at(const struct place *place)
{
	json_t *bios = read_text(place);
	const char *vendor = json_string_value(bios), *signature = place->signature;
	enum emulator emulator = vendor ? EMULATOR_NONE : EMULATOR_UNKNOWN;

	if (signature && *signature)
		emulator = strcmp(signature, "TCGTCGTCGTCG") ? EMULATOR_NONE : EMULATOR_TCG;
	else if (vendor && !strcmp(vendor, "The Bochs Project"))
		emulator = EMULATOR_BOCHS;
	json_decref(bios);
	return emulator;
}

/* Is the CPU itself a program? */
static json_t *read_emulated(const struct place *place)
{
	enum emulator emulator = emulator_at(place);

	return emulator == EMULATOR_UNKNOWN ? NULL : json_boolean(emulator != EMULATOR_NONE);
}

#define BIOS_VENDOR "/sys/class/dmi/id/bios_vendor"
#define CPU	    "/sys/devices/system/cpu/"

/* Sorted by key. Lines of one key are alternatives: the first that can be read is taken. */
static const struct item {
	const char *key; /* dotted: objects inside objects */
	const char *path;
	reader *read;
	const char *argument;
} items[] = {
	{"clocksource.available",
	 "/sys/devices/system/clocksource/clocksource0/available_clocksource", read_words, NULL},
	{"clocksource.current", "/sys/devices/system/clocksource/clocksource0/current_clocksource",
	 read_text, NULL},
	{"cpu.cores", CPU "cpu*/topology/thread_siblings_list", read_distinct, NULL},
	{"cpu.family", "/proc/cpuinfo", read_field_integer, "cpu family"},
	{"cpu.frequency.driver", CPU "cpufreq/policy*/scaling_driver", read_agreed, NULL},
	{"cpu.frequency.governor", CPU "cpufreq/policy*/scaling_governor", read_agreed, NULL},
	{"cpu.frequency.hardware_max_khz", CPU "cpufreq/policy*/cpuinfo_max_freq", read_highest,
	 NULL},
	{"cpu.frequency.max_khz", CPU "cpufreq/policy*/scaling_max_freq", read_highest, NULL},
	{"cpu.frequency.min_khz", CPU "cpufreq/policy*/scaling_min_freq", read_lowest, NULL},
	{"cpu.frequency.turbo", CPU "intel_pstate/no_turbo", read_inverted, NULL},
	{"cpu.frequency.turbo", CPU "cpufreq/boost", read_boolean, NULL},
	{"cpu.idle.driver", CPU "cpuidle/current_driver", read_text, NULL},
	{"cpu.idle.governor", CPU "cpuidle/current_governor", read_text, NULL},
	{"cpu.idle.governor", CPU "cpuidle/current_governor_ro", read_text, NULL},
	{"cpu.idle.max_cstate.intel_idle", "/sys/module/intel_idle/parameters/max_cstate",
	 read_integer, NULL},
	{"cpu.idle.max_cstate.processor", "/sys/module/processor/parameters/max_cstate",
	 read_integer, NULL},
	{"cpu.idle.states", CPU "cpu*/cpuidle/state", read_idle_states, NULL},
	{"cpu.microcode", "/proc/cpuinfo", read_field, "microcode"},
	{"cpu.model", "/proc/cpuinfo", read_field, "model name"},
	{"cpu.model_number", "/proc/cpuinfo", read_field_integer, "model"},
	{"cpu.numa_nodes", "/sys/devices/system/node/online", read_list_size, NULL},
	{"cpu.packages", CPU "cpu*/topology/physical_package_id", read_distinct, NULL},
	{"cpu.smt.active", CPU "smt/active", read_boolean, NULL},
	{"cpu.smt.control", CPU "smt/control", read_text, NULL},
	{"cpu.stepping", "/proc/cpuinfo", read_field_integer, "stepping"},
	{"cpu.threads", CPU "online", read_list_size, NULL},
	{"cpu.vendor", "/proc/cpuinfo", read_field, "vendor_id"},
	{"emulated", BIOS_VENDOR, read_emulated, NULL},
	{"hypervisor", "", read_hypervisor, NULL},
	{"kernel.build", "/proc/version", read_text, NULL},
	{"kernel.command_line", "/proc/cmdline", read_text, NULL},
	{"kernel.version", "/proc/sys/kernel/osrelease", read_text, NULL},
	{"kvm.modules", "/sys/module", read_names, "kvm*"},
	{"kvm.parameters", "/sys/module/kvm*/parameters/*", read_parameters, NULL},
	{"memory.hugepages_by_kb", "/sys/kernel/mm/hugepages/hugepages-*kB/nr_hugepages",
	 read_each_integer, NULL},
	{"memory.total_kb", "/proc/meminfo", read_field_integer, "MemTotal"},
	{"memory.transparent_hugepages", "/sys/kernel/mm/transparent_hugepage/enabled", read_chosen,
	 NULL},
	{"mitigations", CPU "vulnerabilities/*", read_each_text, NULL},
	{"name", "/proc/sys/kernel/hostname", read_text, NULL},
	{"nested", "", read_nested, NULL},
};

/* The object at a dotted key's parent, made where it is missing; *leaf is the last component. */
static json_t *parent_of(json_t *root, const char *key, const char **leaf)
{
	json_t *object = root;

	for (const char *dot; (dot = strchr(key, '.')); key = dot + 1) {
		char name[32];
		json_t *child;

		snprintf(name, sizeof(name), "%.*s", (int)(dot - key), key);
		child = json_object_get(object, name);
		if (!child) {
			child = json_object();
			json_object_set_new(object, name, child);
		}
		object = child;
	}
	*leaf = key;
	return object;
}

/* Append the dotted key of every null below value. */
static void list_nulls(json_t *list, json_t *value, const char *key)
{
	const char *name;
	json_t *child;
	size_t i;
	char path[256];

	if (json_is_null(value))
		json_array_append_new(list, json_string(key));
	json_object_foreach (value, name, child) {
		snprintf(path, sizeof(path), "%s%s%s", key, *key ? "." : "", name);
		list_nulls(list, child, path);
	}
	json_array_foreach (value, i, child) {
		snprintf(path, sizeof(path), "%s.%zu", key, i);
		list_nulls(list, child, path);
	}
}

json_t *hostinfo_json_from(const char *root, const char *signature)
{
	json_t *host = json_object(), *unavailable = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		const struct item *item = &items[i];
		const char *leaf;
		json_t *parent = parent_of(host, item->key, &leaf), *known, *value;
		char path[PATH_MAX];

		known = json_object_get(parent, leaf);
		if (known && !json_is_null(known))
			continue;
		snprintf(path, sizeof(path), "%s%s", root, item->path);
		value = item->read(&(struct place){path, item->argument, signature});
		json_object_set_new(parent, leaf, value ? value : json_null());
	}
	list_nulls(unavailable, host, "");
	json_object_set_new(host, "unavailable", unavailable);
	return host;
}

/* The 12 characters of CPUID leaf 0x40000000, or NULL where leaf 1 denies a hypervisor. */
static const char *hypervisor_signature(char text[13])
{
	unsigned int eax, ebx, ecx, edx;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx >> 31))
		return NULL;
	__cpuid(0x40000000, eax, ebx, ecx, edx);
	memcpy(text, (unsigned int[]){ebx, ecx, edx}, 12);
	text[12] = '\0';
	return text;
}

json_t *hostinfo_json(void)
{
	char text[13];

	return hostinfo_json_from("", hypervisor_signature(text));
}

enum emulator hostinfo_emulator(void)
{
	char text[13];

	return emulator_at(&(struct place){BIOS_VENDOR, NULL, hypervisor_signature(text)});
}
