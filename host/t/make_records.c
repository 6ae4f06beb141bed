// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes runs that never happened: run.rec, proof.json and env.json of a chosen scenario, from a
 * fixed seed. It made the golden fixtures of host/t/golden, and makes the input of the benchmark
 * of `exitlab report`. Golden runs are named after the record version and the scenario; 1-svm has
 * 25 samples a row, 1-vmx and 2-vmx 40, 1-tcg and 2-tcg 12. Those of an old version are kept, not
 * made again. Where the report changes on purpose, `exitlab report` on a copy makes the new
 * summary.json, report.md and report.csv to commit.
 */
#include <err.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../exit_reasons.h"
#include "../record.h"
#include "../util.h"

#define WARMUP 10

/* What each context of a run costs, ticks, and how far the samples scatter above it. */
static const struct scenario {
	const char *name;
	const char *accel, *model, *vendor; /* vendor NULL: nobody counted */
	uint8_t clock;
	uint32_t floor, kvm, qemu, scatter;
	const char *contamination;
	uint32_t causes; /* DISTURBED_* bits that it names */
} scenarios[] = {
	{"svm", "kvm", "QEMU TCG CPU version 2.5+", "svm", CLOCK_INSN, 6, 2787, 5704, 0,
	 "interrupts,steal", DISTURBED_INTERRUPT | DISTURBED_STEAL},
	{"vmx", "kvm", "Example CPU | 3.0 GHz", "vmx", CLOCK_TSC, 34, 1180, 9200, 90,
	 "interrupts,steal", DISTURBED_INTERRUPT | DISTURBED_STEAL},
	{"tcg", "tcg", "Example CPU | 3.0 GHz", NULL, CLOCK_TSC, 260, 700, 900, 400, "interrupts",
	 DISTURBED_INTERRUPT},
};

static uint32_t random32(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 32;
}

/* The row's cost, some scatter above it, and now and then what disturbed it. */
static uint32_t sample(const struct scenario *scenario, const struct exit_row *row, uint8_t pass,
		       uint32_t *causes)
{
	uint32_t ticks = scenario->floor;

	*causes = 0;
	if (row->path != PATH_NONE)
		ticks = row->path == PATH_KVM ? scenario->kvm : scenario->qemu;
	if (!strcmp(row->context, "syscall"))
		ticks += 10 * scenario->floor;
	if (pass == PASS_PROOF && row->path != PATH_NONE)
		ticks += 190;
	if (!scenario->scatter)
		return ticks;
	ticks += random32() % (scenario->scatter / 2 + ticks / 20);
	if (random32() % 50 == 0) {
		ticks += random32() % (20 * ticks);
		*causes = (1 + random32() % 3) & scenario->causes;
	}
	return random32() % 5000 ? ticks : UINT32_MAX;
}

static void put(FILE *out, struct record_header header, const void *payload)
{
	header.magic = RECORD_MAGIC;
	header.version = RECORD_VERSION;
	header.checksum = record_checksum(&header, payload);
	if (fwrite(&header, sizeof(header), 1, out) != 1 ||
	    (payload && fwrite(payload, header.width, header.count, out) != header.count))
		err(1, "run.rec");
}

/* Under TCG nobody takes a hypercall; one row of the vmx scenario has no device. */
static const char *waived(const struct scenario *scenario, int row)
{
	if (!strcmp(scenario->accel, "tcg") && exit_rows[row].event &&
	    !strcmp(exit_rows[row].event, "hypercall"))
		return "no hypercalls: the guest does not run on KVM";
	if (!strcmp(scenario->name, "vmx") && row == ROW_user_outb_kvm)
		return "no interrupt controller answers at port 0x4d0 on this machine";
	return NULL;
}

/* Returns the number of ROW records. */
static uint64_t put_pass(FILE *out, const struct scenario *scenario, struct record_header header,
			 uint32_t count)
{
	uint32_t *samples = malloc((size_t)count * sizeof(*samples));
	struct disturbed *disturbed = malloc((size_t)count * sizeof(*disturbed));
	uint64_t rows = 0;

	if (!samples || !disturbed)
		err(1, "samples");
	for (int i = 0; i < EXIT_ROWS; i++) {
		struct record_header row = header;
		const char *reason = waived(scenario, i);
		uint32_t flagged = 0;

		row.row = exit_rows[i].wire;
		row.kind = reason ? RECORD_WAIVED : RECORD_ROW;
		row.width = reason ? 1 : sizeof(*samples);
		row.count = reason ? strlen(reason) : count;
		row.floor = reason ? 0 : scenario->floor;
		row.executed = reason ? 0 : (uint64_t)count + WARMUP;
		for (uint32_t n = 0; !reason && n < count; n++) {
			uint32_t causes;

			samples[n] = sample(scenario, &exit_rows[i], header.pass, &causes);
			row.saturated += samples[n] == UINT32_MAX;
			if (causes)
				disturbed[flagged++] = (struct disturbed){n, causes};
		}
		put(out, row, reason ? (const void *)reason : samples);
		rows += !reason;
		if (reason)
			continue;
		row.kind = RECORD_DISTURBED;
		row.width = sizeof(*disturbed);
		row.count = flagged;
		row.saturated = row.floor = row.executed = 0;
		put(out, row, disturbed);
	}
	free(samples);
	free(disturbed);
	header.kind = RECORD_PASS;
	header.executed = rows;
	put(out, header, NULL);
	return rows;
}

static void put_records(const struct scenario *scenario, uint32_t count)
{
	char info[128];
	struct record_header header = {.clock = scenario->clock, .tsc_khz = 1000000};
	struct record_header text = header, done = header;
	FILE *out = fopen("run.rec", "we");

	if (!out)
		err(1, "run.rec");
	snprintf(info, sizeof(info), "kernel=6.12.48\nclocksource=tsc\ncontamination=%s\n",
		 scenario->contamination);
	text.kind = RECORD_INFO;
	text.width = 1;
	text.count = strlen(info);
	put(out, text, info);
	for (uint8_t pass = PASS_TIMED; pass <= (scenario->vendor ? PASS_PROOF : PASS_TIMED);
	     pass++) {
		uint64_t rows;

		header.pass = pass;
		rows = put_pass(out, scenario, header, count);
		done.executed += rows;
		done.total += rows * count;
	}
	done.kind = RECORD_DONE;
	put(out, done, NULL);
	if (fclose(out))
		err(1, "run.rec");
}

static void set(json_t *counts, const char *name, json_int_t count)
{
	json_object_set_new(counts, name, json_integer(count));
}

/* The counts of a row that does as exits.def says; some interrupts in between. */
static json_t *counts_of(const struct exit_row *row, int vendor, json_int_t executed)
{
	json_t *exits = json_object(), *userspace = json_object(), *events = json_object();
	static const char *const names[] = {"cpuid", "msr", "pio", "hypercall"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		set(events, names[i], row->event && !strcmp(names[i], row->event) ? executed : 0);
	set(exits, vendor == VENDOR_SVM ? "interrupt" : "EXTERNAL_INTERRUPT", 2);
	if (row->path != PATH_NONE)
		set(exits, exit_reason_name(vendor, vendor == VENDOR_SVM ? row->svm : row->vmx),
		    executed);
	if (row->path == PATH_QEMU)
		set(userspace, row->event ? "io" : "mmio", executed);
	return json_pack("{s:i, s:o, s:o, s:o}", "opened", 1, "exits", exits, "userspace_exits",
			 userspace, "events", events);
}

/* Wrong on purpose: a lost exit, and one that has no business there. */
static void spoil(json_t *rows)
{
	json_t *rdmsr = json_object_get(json_object_get(rows, "kernel.rdmsr"), "exits");
	json_t *cpuid = json_object_get(json_object_get(rows, "user.cpuid"), "exits");

	set(rdmsr, "MSR_READ", json_integer_value(json_object_get(rdmsr, "MSR_READ")) - 1);
	set(cpuid, "HLT", 3);
}

static void put_json(json_t *json, const char *name)
{
	if (json_dump_file(json, name, JSON_INDENT(1)))
		errx(1, "%s: cannot be written", name);
	json_decref(json);
}

static void put_proof(const struct scenario *scenario, uint32_t count)
{
	json_t *rows = json_object();
	int vendor = strcmp(scenario->vendor, "svm") ? VENDOR_VMX : VENDOR_SVM;

	for (int i = 0; i < EXIT_ROWS; i++)
		if (!waived(scenario, i))
			json_object_set_new(
				rows, exit_rows[i].id,
				counts_of(&exit_rows[i], vendor, (json_int_t)count + WARMUP));
	if (vendor == VENDOR_VMX)
		spoil(rows);
	put_json(json_pack("{s:s, s:s, s:s, s:s, s:b, s:i, s:i, s:o, s:{s:{}, s:{}, s:{}}, s:{s:s, "
			   "s:i, s:i}}",
			   "schema", "exitlab-proof/1", "status", "ok", "reason", "", "vendor",
			   scenario->vendor, "kvm_exit", 1, "dropped", 0, "markers",
			   (int)(2 * json_object_size(rows)), "rows", rows, "outside", "exits",
			   "userspace_exits", "events", "check", "backend", "file", "expected",
			   2020, "written", 2020),
		 "proof.json");
}

static void put_env(const struct scenario *scenario)
{
	put_json(json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:b, s:{s:s}, s:{s:s}}, s:s, s:s, s:{s:s}, "
			   "s:{s:s}, s:{s:s}}",
			   "time", "2026-11-21T06:26:00Z", "tool", "version", "0.1.0", "revision",
			   "0123456789ab", "host", "name", "golden", "emulated",
			   scenario->clock == CLOCK_INSN, "cpu", "model", scenario->model, "kernel",
			   "version", "6.12.48-amd64", "accel", scenario->accel, "machine",
			   "microvm", "qemu", "version", "7.2.17", "guest", "kernel", "6.12.48",
			   "debugcon", "backend", "null"),
		 "env.json");
}

int main(int argc, char **argv)
{
	const struct scenario *scenario = NULL;
	uint32_t count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;

	for (size_t i = 0; argc == 4 && i < ARRAY_SIZE(scenarios); i++)
		if (!strcmp(argv[2], scenarios[i].name))
			scenario = &scenarios[i];
	if (!scenario || !count || count > RECORD_MAX_SAMPLES) {
		fprintf(stderr, "usage: %s DIR svm|vmx|tcg SAMPLES-PER-ROW\n", argv[0]);
		return EXIT_USAGE;
	}
	mkdir(argv[1], 0777);
	if (chdir(argv[1]))
		err(1, "%s", argv[1]);
	put_records(scenario, count);
	put_env(scenario);
	if (scenario->vendor)
		put_proof(scenario, count);
	return 0;
}
