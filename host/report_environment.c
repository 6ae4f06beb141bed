// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What may explain a run's numbers and is not in its setup, and how to make such a run again: taken
 * from env.json into summary.json, so that whoever has the summary has them.
 */
#include <string.h>

#include "boot_options.h"
#include "json_file.h"
#include "report.h"
#include "util.h"

/* Paths of files on the host are left out: a summary is passed on more often than env.json. */
static const struct {
	const char *key, *path; /* in summary.json, and in env.json */
} facts[] = {
	{"lab", "lab"},
	{"hypervisor", "host.hypervisor"},
	{"nested", "host.nested"},
	{"microcode", "host.cpu.microcode"},
	{"smt", "host.cpu.smt"},
	{"frequency", "host.cpu.frequency"},
	{"idle", "host.cpu.idle"},
	{"clocksource", "host.clocksource.current"},
	{"command_line", "host.kernel.command_line"},
	{"mitigations", "host.mitigations"},
	{"kvm", "host.kvm.parameters"},
	{"vcpu", "vcpu"},
	{"guest_memory", "memory"},
	{"guest_clocksource", "guest.clocksource"},
	{"guest_command_line", "guest.cmdline"},
	{"guest_config", "guest.config"},
};

json_t *report_environment(const json_t *env)
{
	json_t *out = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		json_t *value = json_member(env, facts[i].path);

		if (value && !json_is_null(value))
			json_object_set(out, facts[i].key, value);
	}
	return out;
}

static const char *env_string(const struct report *report, const char *path)
{
	return json_string_value(report_env(report, path)) ?: "";
}

/* Nothing that a shell would take for its own. */
static bool is_plain(const char *value)
{
	return strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_.,") == strlen(value);
}

/* An argument of the guest program, from its command line; false where it was not given. */
static bool guest_argument(const struct report *report, const char *option, char *value,
			   size_t size)
{
	const char *at = strstr(env_string(report, "guest.cmdline"), "MEASURE=\"");
	const char *end = at ? strchr(at + strlen("MEASURE=\""), '"') : NULL;

	at = at ? strstr(at, option) : NULL;
	if (!at || !end || at > end)
		return false;
	at += strlen(option);
	snprintf(value, size, "%.*s", (int)strcspn(at, " \""), at);
	return is_plain(value);
}

/* The samples of a row that `exitlab boot` takes when it is not told; 0: the guest chooses. */
static long usual_iterations(const struct report *report, bool lab, bool two_cpus)
{
	if (report->records.clock == CLOCK_INSN)
		return INSN_ITER;
	return lab && two_cpus ? LAB_ITER : 0;
}

/* The same for a run of `exitlab floor`, whose env.json keeps what it was asked for. */
static json_t *repeat_floor(const struct report *report, bool lab)
{
	const char *select = env_string(report, "floor.select");
	json_int_t iter = json_integer_value(report_env(report, "floor.iter"));
	bool irqchip = json_is_true(report_env(report, "floor.irqchip"));
	char number[40] = "";

	if (!is_plain(select))
		select = "";
	if (iter > 0)
		snprintf(number, sizeof(number), " ITER=%" JSON_INTEGER_FORMAT, iter);
	return json_sprintf("make floor ACCEL=%s%s%s%s%s", lab ? "lab" : "kvm",
			    irqchip ? " IRQCHIP=1" : "", number, *select ? " SELECT=" : "", select);
}

json_t *report_repeat(const struct report *report)
{
	static const struct {
		const char *name, *path, *usual;
	} knobs[] = {{"DEBUGCON", "debugcon.backend", "null"}, {"ATTACH", "attached", "none"}};
	const char *accel = env_string(report, "accel"), *machine = env_string(report, "machine");
	bool isolated = json_is_true(report_env(report, "vcpu.isolated"));
	bool insn = report->records.clock == CLOCK_INSN; /* only the lab has that clock */
	bool lab = insn || json_is_string(report_env(report, "lab"));
	bool intel_lab = lab && !strcmp(env_string(report, "host.cpu.vendor"), "GenuineIntel");
	json_int_t fifo = json_integer_value(report_env(report, "isolation.applied.fifo"));
	json_int_t vcpus = json_integer_value(report_env(report, "vcpu.count"));
	char value[2048], *text = NULL;
	json_t *repeat;
	size_t size;
	FILE *out;

	if (!strcmp(env_string(report, "kind"), "floor"))
		return intel_lab ? json_null() : repeat_floor(report, lab);
	/* What the lab was made of has no knob: its host clock alone, more on its command line. */
	if (!*accel || json_is_string(report_env(report, "lab_append")) ||
	    (lab && !insn && !isolated && vcpus < 2))
		return json_null();
	out = open_memstream(&text, &size);
	if (!out)
		die("no memory for a report");
	fprintf(out, "make boot ACCEL=%s", lab ? "lab" : !strcmp(accel, "tcg") ? "tcg" : "kvm");
	if (intel_lab)
		fputs(" VENDOR=intel", out);
	if (!strcmp(machine, "q35"))
		fputs(" MACHINE=q35", out);
	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++) {
		const char *chosen = env_string(report, knobs[i].path);

		if (*chosen && strcmp(chosen, knobs[i].usual) &&
		    strspn(chosen, "abcdefghijklmnopqrstuvwxyz-") == strlen(chosen))
			fprintf(out, " %s=%s", knobs[i].name, chosen);
	}
	if (vcpus > 1)
		fprintf(out, " VCPUS=%" JSON_INTEGER_FORMAT, vcpus);
	if (isolated)
		fputs(" ISOLATE=1", out);
	if (isolated && fifo > 0)
		fprintf(out, " FIFO=%" JSON_INTEGER_FORMAT, fifo);
	if (guest_argument(report, "--iter ", value, sizeof(value)) &&
	    atol(value) != usual_iterations(report, lab, isolated || vcpus > 1))
		fprintf(out, " ITER=%s", value);
	if (guest_argument(report, "--modules ", value, sizeof(value)))
		fprintf(out, " MODULES=%s", value);
	if (guest_argument(report, "--select ", value, sizeof(value)))
		fprintf(out, " SELECT=%s", value);
	fclose(out);
	repeat = json_string(text);
	free(text);
	return repeat;
}
