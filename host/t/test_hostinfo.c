// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The host block against trees made for the purpose: what is read, and what is not invented. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../hostinfo.h"
#include "tree.h"

#define CPU "/sys/devices/system/cpu/"

/* The value of a JSON pointer-like path ("cpu.smt.active") as JSON text, to be compared. */
static const char *value(json_t *host, const char *path)
{
	static char text[4096];
	char copy[128];
	json_t *at = host;
	size_t size;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *name = strtok(copy, "."); name; name = strtok(NULL, "."))
		at = json_object_get(at, name);
	if (!at)
		return "(no such key)";
	size = json_dumpb(at, text, sizeof(text) - 1, JSON_ENCODE_ANY | JSON_SORT_KEYS);
	assert_true(size < sizeof(text));
	text[size] = '\0';
	return text;
}

static void put_processors(void)
{
	put("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\n"
			     "model\t\t: 85\nmodel name\t: Some CPU: 2.1 GHz\nstepping\t: 7\n"
			     "microcode\t: 0x5003707\n\nprocessor\t: 1\nmodel\t\t: 1\n");
	put(CPU "online", "0-2,8\n");
	put(CPU "cpu0/topology/thread_siblings_list", "0-1\n");
	put(CPU "cpu1/topology/thread_siblings_list", "0-1\n");
	put(CPU "cpu2/topology/thread_siblings_list", "2,8\n");
	put(CPU "cpu8/topology/thread_siblings_list", "2,8\n");
	put(CPU "cpu0/topology/physical_package_id", "0\n");
	put(CPU "cpu2/topology/physical_package_id", "1\n");
	put("/sys/devices/system/node/online", "0-1\n");
	put(CPU "smt/active", "1\n");
	put(CPU "smt/control", "on\n");
}

static void processors_are_counted(void **state)
{
	json_t *host;

	(void)state;
	put_processors();
	host = hostinfo_json_from(root, NULL);
	assert_string_equal(value(host, "cpu.threads"), "4");
	assert_string_equal(value(host, "cpu.cores"), "2");
	assert_string_equal(value(host, "cpu.packages"), "2");
	assert_string_equal(value(host, "cpu.numa_nodes"), "2");
	assert_string_equal(value(host, "cpu.family"), "6");
	assert_string_equal(value(host, "cpu.model_number"), "85");
	assert_string_equal(value(host, "cpu.model"), "\"Some CPU: 2.1 GHz\"");
	assert_string_equal(value(host, "cpu.vendor"), "\"GenuineIntel\"");
	assert_string_equal(value(host, "cpu.stepping"), "7");
	assert_string_equal(value(host, "cpu.microcode"), "\"0x5003707\"");
	assert_string_equal(value(host, "cpu.smt.active"), "true");
	assert_string_equal(value(host, "cpu.smt.control"), "\"on\"");
	json_decref(host);
}

static void frequency_and_idle(void **state)
{
	json_t *host;

	(void)state;
	put(CPU "cpufreq/policy0/scaling_governor", "performance\n");
	put(CPU "cpufreq/policy1/scaling_governor", "performance\n");
	put(CPU "cpufreq/policy0/scaling_min_freq", "800000\n");
	put(CPU "cpufreq/policy1/scaling_min_freq", "1000000\n");
	put(CPU "cpufreq/policy2/scaling_min_freq", "<unsupported>\n"); /* says nothing */
	put(CPU "cpufreq/policy0/scaling_max_freq", "800000\n");
	put(CPU "cpufreq/policy1/scaling_max_freq", "1000000\n");
	put(CPU "intel_pstate/no_turbo", "1\n");
	put(CPU "cpufreq/boost", "1\n"); /* the second source: not asked */
	put(CPU "cpu0/cpuidle/state0/name", "POLL\n");
	put(CPU "cpu0/cpuidle/state0/latency", "0\n");
	put(CPU "cpu0/cpuidle/state0/disable", "0\n");
	put(CPU "cpu0/cpuidle/state1/name", "C6\n");
	put(CPU "cpu0/cpuidle/state1/latency", "133\n");
	put(CPU "cpu0/cpuidle/state1/disable", "1\n");
	host = hostinfo_json_from(root, NULL);
	assert_string_equal(value(host, "cpu.frequency.governor"), "\"performance\"");
	assert_string_equal(value(host, "cpu.frequency.min_khz"), "800000");
	assert_string_equal(value(host, "cpu.frequency.max_khz"), "1000000");
	assert_string_equal(value(host, "cpu.frequency.turbo"), "false");
	assert_string_equal(value(host, "cpu.idle.states"),
			    "[{\"disabled_on_cpus\": 0, \"latency_us\": 0, \"name\": \"POLL\"}, "
			    "{\"disabled_on_cpus\": 1, \"latency_us\": 133, \"name\": \"C6\"}]");
	json_decref(host);

	put(CPU "cpufreq/policy1/scaling_governor", "powersave\n");
	put(CPU "intel_pstate/no_turbo", "nonsense\n"); /* now it is */
	host = hostinfo_json_from(root, NULL);
	assert_string_equal(value(host, "cpu.frequency.governor"), "\"performance, powersave\"");
	assert_string_equal(value(host, "cpu.frequency.turbo"), "true");
	json_decref(host);
}

static void kernel_kvm_and_memory(void **state)
{
	json_t *host;

	(void)state;
	put(CPU "vulnerabilities/l1tf", "Not affected\n");
	put(CPU "vulnerabilities/mds", "Mitigation: Clear CPU buffers\n");
	put("/proc/cmdline", "quiet isolcpus=3\n");
	put("/proc/sys/kernel/osrelease", "6.12.0-1-amd64\n");
	put("/sys/module/kvm/parameters/halt_poll_ns", "200000\n");
	put("/sys/module/kvm_amd/parameters/npt", "Y\n");
	put("/sys/module/loop/parameters/max_loop", "8\n");
	put("/proc/meminfo", "MemTotal:       24684092 kB\nMemFree: 1 kB\n");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "512\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	put("/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet \n");
	put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
	host = hostinfo_json_from(root, NULL);
	assert_string_equal(value(host, "mitigations"),
			    "{\"l1tf\": \"Not affected\", "
			    "\"mds\": \"Mitigation: Clear CPU buffers\"}");
	assert_string_equal(value(host, "kernel.command_line"), "\"quiet isolcpus=3\"");
	assert_string_equal(value(host, "kernel.version"), "\"6.12.0-1-amd64\"");
	assert_string_equal(value(host, "kvm.modules"), "[\"kvm\", \"kvm_amd\"]");
	assert_string_equal(value(host, "kvm.parameters"),
			    "{\"kvm.halt_poll_ns\": \"200000\", \"kvm_amd.npt\": \"Y\"}");
	assert_string_equal(value(host, "memory"), "{\"hugepages_by_kb\": {\"2048\": 512}, "
						   "\"total_kb\": 24684092, "
						   "\"transparent_hugepages\": \"madvise\"}");
	assert_string_equal(value(host, "clocksource"),
			    "{\"available\": [\"tsc\", \"hpet\"], \"current\": \"tsc\"}");
	json_decref(host);
}

/* Counts the leaves and fails at one that is neither null nor a fact of CPUID. */
static size_t count_nulls(json_t *object)
{
	const char *name;
	json_t *child;
	size_t nulls = 0;

	json_object_foreach (object, name, child) {
		if (json_is_object(child))
			nulls += count_nulls(child);
		else if (json_is_null(child))
			nulls++;
		else if (strcmp(name, "hypervisor") && strcmp(name, "nested") &&
			 strcmp(name, "unavailable"))
			fail_msg("%s was read from an empty tree", name);
	}
	return nulls;
}

static void nothing_is_invented(void **state)
{
	json_t *host = hostinfo_json_from(root, NULL), *unavailable;

	(void)state;
	unavailable = json_object_get(host, "unavailable");
	assert_true(json_array_size(unavailable) > 30);
	assert_int_equal(json_array_size(unavailable), count_nulls(host));
	json_decref(host);
}

static void nonsense_is_null(void **state)
{
	json_t *host;

	(void)state;
	put("/proc/cpuinfo", "cpu family\t: six\nmodel name: \xff\xfe\n");
	put("/proc/meminfo", "MemTotal: 99999999999999999999 kB\n");
	put(CPU "online", "0-\n");
	put(CPU "smt/active", "maybe\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise never\n");
	put("/sys/module/kvm/parameters/npt/is_a_directory", "");
	put("/sys/module/kvm/parameters/tdp_mmu", "Y\n");
	put("/proc/cmdline", "");
	host = hostinfo_json_from(root, NULL);
	assert_string_equal(value(host, "cpu.family"), "null");
	assert_string_equal(value(host, "cpu.model"), "null");
	assert_string_equal(value(host, "cpu.threads"), "null");
	assert_string_equal(value(host, "cpu.smt.active"), "null");
	assert_string_equal(value(host, "memory.total_kb"), "null");
	assert_string_equal(value(host, "memory.transparent_hugepages"), "null");
	assert_string_equal(value(host, "kvm.parameters"),
			    "{\"kvm.npt\": null, \"kvm.tdp_mmu\": \"Y\"}");
	assert_string_equal(value(host, "kernel.command_line"), "\"\"");
	assert_non_null(strstr(value(host, "unavailable"), "\"kvm.parameters.kvm.npt\""));
	json_decref(host);
}

static void no_kvm_is_an_answer(void **state)
{
	json_t *host;

	(void)state;
	put("/sys/module/loop/parameters/max_loop", "8\n");
	host = hostinfo_json_from(root, NULL);
	assert_string_equal(value(host, "kvm.modules"), "[]");
	json_decref(host);
}

static void emulation_is_told(void **state)
{
	static const struct {
		const char *signature, *bios, *hypervisor, *nested, *emulated;
	} cases[] = {
		{NULL, NULL, "\"none\"", "false", "null"},
		{NULL, "Dell Inc.\n", "\"none\"", "false", "false"},
		{NULL, "The Bochs Project\n", "\"none\"", "false", "true"},
		{"TCGTCGTCGTCG", "Dell Inc.\n", "\"TCGTCGTCGTCG\"", "true", "true"},
		{"KVMKVMKVM", "Dell Inc.\n", "\"KVMKVMKVM\"", "true", "false"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *host;

		if (cases[i].bios)
			put("/sys/class/dmi/id/bios_vendor", cases[i].bios);
		host = hostinfo_json_from(root, cases[i].signature);
		assert_string_equal(value(host, "hypervisor"), cases[i].hypervisor);
		assert_string_equal(value(host, "nested"), cases[i].nested);
		assert_string_equal(value(host, "emulated"), cases[i].emulated);
		json_decref(host);
	}
}

/* This machine, whatever it is: the counts agree with libc's, and every key list is sorted. */
static void this_machine(void **state)
{
	json_t *host = hostinfo_json();
	char *as_made = json_dumps(host, 0), *sorted = json_dumps(host, JSON_SORT_KEYS);

	(void)state;
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(host, "cpu"), "threads")),
		sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(json_integer_value(
			    json_object_get(json_object_get(host, "memory"), "total_kb")) > 0);
	assert_string_equal(as_made, sorted);
	free(as_made);
	free(sorted);
	json_decref(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)
		TEST(processors_are_counted), TEST(frequency_and_idle), TEST(kernel_kvm_and_memory),
		TEST(nothing_is_invented),    TEST(nonsense_is_null),	TEST(no_kvm_is_an_answer),
		TEST(emulation_is_told),      TEST(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
