// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes a GPU run that never happened, run.rec and env.json, from a fixed seed: that of
 * host/t/golden/gpu. It has a row of each status, one about zero, one of nothing but zeros.
 */
#include <err.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../guest-bench/record.h"
#include "../util.h"

#define SAMPLES_MOST 64

static const struct row {
	uint16_t wire;
	const char *id, *name, *unit, *better, *clock, *status, *reason, *facts;
	uint32_t count; /* of samples; 0: none */
	double mean, deviation;
} rows[] = {
	{1, "OH-001", "kernel launch latency", "us", "lower", "host", "ok", "",
	 "reference_us=1.900\n", 60, 2.1, 0.08},
	{17, "OH-002.2KiB", "allocation latency", "us", "lower", "host", "ok", "", "", 40, 1.4,
	 0.1},
	{21, "OH-002.1GiB", "allocation latency", "us", "lower", "host", "ok", "", "", 30, 412, 9},
	{66, "OH-005.launch", "API interception cost", "ns", "lower", "host", "WAIVED",
	 "there is no limiter to measure: SYSTEM=NAME PRELOAD=lib.so, or SYSTEM=mps", "", 0, 0, 0},
	{97, "OH-007", "memory tracking cost", "ns", "lower", "host", "ok", "", "", 40, 2, 25},
	{225, "IS-005.pointer", "cross-tenant memory isolation", "1", "lower", "none", "ok", "",
	 "control=broken\nbytes=1048576\n", 10, 0, 0},
	{241, "IS-006", "cross-tenant compute isolation", "%", "lower", "device", "INVALID",
	 "tenants worked together in 0.71 of the time, less than 0.9", "overlap=0.71\n", 30, 48, 3},
	{305, "IS-010", "fault isolation", "ms", "lower", "host", "FAILED",
	 "tenant 1 fault: it was killed by signal 11 (Segmentation fault)", "", 0, 0, 0},
	{321, "BW-001.1", "bandwidth under contention", "GB/s", "higher", "device", "ok", "",
	 "overlap=1.00\n", 30, 4210, 12},
	{324, "BW-001.8", "bandwidth under contention", "GB/s", "higher", "device", "ok", "",
	 "overlap=0.98\n", 30, 4020, 30},
	{449, "PCIE-001", "host to device, pinned", "GB/s", "higher", "device", "ok", "",
	 "loop_gbs=55.31\n", 30, 55.3, 0.1},
	{641, "ERR-002", "error recovery", "ms", "lower", "host", "ok", "", "", 10, 430, 15},
	{673, "LLM-001", "attention", "1/s", "higher", "device", "WAIVED", "planned", "", 0, 0, 0},
	{833, "NCCL-001", "all-reduce", "GB/s", "higher", "device", "WAIVED",
	 "planned; needs two GPUs", "", 0, 0, 0},
};

static const char info[] =
	"kind=gpu\nsystem=native\npreload=none\nmem_limit=none\nsm_limit=none\nquick=0\nplant=1\n"
	"gpu=fake libcuda: no GPU\npci=0000:00:00.0\ngpus=1\nmemory_bytes=150754820096\ncuda=13.0\n"
	"driver=\nsm_mhz_max=1980\nmemory_mhz_max=3201\nlink_gbs=63.015\nmultiprocessors=132\n"
	"l2_bytes=62914560\nmemory_bus_bits=6144\nsm_khz=0\ncompute_major=9\ncompute_minor=0\n";

/* From 0 to below 1. */
static double uniform(void)
{
	static uint64_t state = 12345;

	state = (state * 1103515245 + 12345) % (1u << 31);
	return (double)state / (1u << 31);
}

/* About normal, with three decimals. */
static double sample(const struct row *row)
{
	double sum = -6;
	char text[32];

	for (int i = 0; i < 12; i++)
		sum += uniform();
	snprintf(text, sizeof(text), "%.3f", row->mean + row->deviation * sum);
	return strtod(text, NULL);
}

static void put(FILE *out, struct record_header header, const void *payload)
{
	header.magic = RECORD_MAGIC;
	header.version = RECORD_VERSION_GPU;
	header.clock = CLOCK_NS;
	header.checksum = record_checksum(&header, payload);
	if (fwrite(&header, sizeof(header), 1, out) != 1 ||
	    fwrite(payload, header.width, header.count, out) != (header.width ? header.count : 0))
		err(1, "run.rec");
}

static void put_row(FILE *out, const struct row *row)
{
	struct record_header header = {.kind = RECORD_SERIES,
				       .row = row->wire,
				       .pass = PASS_TIMED,
				       .width = sizeof(double),
				       .count = row->count,
				       .executed = row->count};
	double samples[SAMPLES_MOST];
	char text[1024];

	for (uint32_t i = 0; i < row->count; i++)
		samples[i] = row->deviation ? sample(row) : row->mean;
	if (row->count)
		put(out, header, samples);
	header.kind = RECORD_VERDICT;
	header.width = 1;
	header.executed = 0;
	header.count =
		snprintf(text, sizeof(text),
			 "status=%s\nreason=%s\nid=%s\nname=%s\nunit=%s\nbetter=%s\nclock=%s\n"
			 "throttled=0\n%s",
			 row->status, row->reason, row->id, row->name, row->unit, row->better,
			 row->clock, row->facts);
	put(out, header, text);
}

static void put_records(void)
{
	struct record_header done = {.kind = RECORD_DONE, .executed = ARRAY_SIZE(rows)};
	FILE *out = fopen("run.rec", "we");

	if (!out)
		err(1, "run.rec");
	put(out, (struct record_header){.kind = RECORD_INFO, .width = 1, .count = strlen(info)},
	    info);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_row(out, &rows[i]);
		done.total += rows[i].count;
	}
	put(out, done, "");
	if (fclose(out))
		err(1, "run.rec");
}

static void put_env(void)
{
	json_t *env =
		json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:{s:s}, s:{s:s}}, s:s}", "time",
			  "2026-11-21T12:00:00Z", "tool", "version", "0.1.0", "revision", "golden",
			  "host", "name", "golden", "cpu", "model", "Example CPU | 3.0 GHz",
			  "kernel", "version", "6.12.48-amd64", "kind", "gpu");

	if (json_dump_file(env, "env.json", JSON_INDENT(1)))
		errx(1, "env.json: cannot be written");
	json_decref(env);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
		return EXIT_USAGE;
	}
	mkdir(argv[1], 0777);
	if (chdir(argv[1]))
		err(1, "%s", argv[1]);
	put_records();
	put_env();
	return 0;
}
