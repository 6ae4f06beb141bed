// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See layers.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../gpulock_uapi.h"
#include "bench.h"
#include "layers.h"

#define CONTROL "/proc/swarm/gpu/control"

static int layer_device, bench, control;

static void must(bool good, const char *what)
{
	if (!good)
		fail("gpulock: %s: %s", what, strerror(errno));
}

/* The bracket of insn.h around C: what came before is over when it opens, and so when it closes. */
static inline uint64_t open_bracket(void)
{
	uint32_t low, high;

	asm volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t close_bracket(void)
{
	uint32_t low, high;

	asm volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high) : : "rcx", "memory");
	return (uint64_t)high << 32 | low;
}

static uint64_t address(const struct point *point, uint32_t i)
{
	return BENCH_START((uint64_t)i * 7919 % point->grants);
}

static uint32_t agent(const struct point *point, uint32_t i)
{
	return point->first_agent + i % point->agents;
}

uint64_t layer_empty(const struct point *point, uint32_t i)
{
	uint64_t before = open_bracket();

	(void)point;
	(void)i;
	return close_bracket() - before;
}

uint64_t layer_ioctl(const struct point *point, uint32_t i)
{
	uint64_t before = open_bracket(), after;
	int answer;

	(void)point;
	(void)i;
	answer = ioctl(layer_device, _IO(GPULOCK_MAGIC, 0));
	after = close_bracket();
	must(answer && errno == ENOTTY, "an unknown command");
	return after - before;
}

uint64_t layer_check(const struct point *point, uint32_t i)
{
	struct gpulock_check check = {.agent = agent(point, i),
				      .access = GPULOCK_READ,
				      .start = address(point, i),
				      .size = BENCH_PAGE};
	uint64_t before = open_bracket(), after;
	int error = ioctl(layer_device, GPULOCK_CHECK, &check);

	after = close_bracket();
	must(!error && check.allowed, "CHECK");
	return after - before;
}

uint64_t layer_batch(const struct point *point, uint32_t i)
{
	static struct gpulock_check checks[LAYER_BATCH];
	struct gpulock_check_batch batch = {.checks = (uintptr_t)checks, .count = LAYER_BATCH};
	uint64_t before, after;
	int error;

	for (uint32_t j = 0; j < LAYER_BATCH; j++)
		checks[j] = (struct gpulock_check){.agent = agent(point, i + j),
						   .access = GPULOCK_READ,
						   .start = address(point, i * LAYER_BATCH + j),
						   .size = BENCH_PAGE};
	before = open_bracket();
	error = ioctl(layer_device, GPULOCK_CHECK_BATCH, &batch);
	after = close_bracket();
	for (uint32_t j = 0; j < LAYER_BATCH; j++)
		must(!error && checks[j].allowed, "CHECK_BATCH");
	return (after - before) / LAYER_BATCH;
}

static int test_line(char line[64], const struct point *point, uint32_t i)
{
	return snprintf(line, 64, "test_dma %u %#llx r", agent(point, i),
			(unsigned long long)address(point, i));
}

uint64_t layer_write(const struct point *point, uint32_t i)
{
	char line[64];
	int length = test_line(line, point, i);
	uint64_t before = open_bracket(), after;
	ssize_t wrote = write(control, line, length);

	after = close_bracket();
	must(wrote == length, "write to " CONTROL);
	return after - before;
}

uint64_t layer_open_write(const struct point *point, uint32_t i)
{
	char line[64];
	int length = test_line(line, point, i), file;
	uint64_t before = open_bracket(), after;
	ssize_t wrote;

	file = open(CONTROL, O_WRONLY);
	wrote = write(file, line, length);
	close(file);
	after = close_bracket();
	must(wrote == length, "open of and write to " CONTROL);
	return after - before;
}

uint64_t layer_alloc(const struct point *point, uint32_t i)
{
	struct gpulock_alloc request = {.agent = agent(point, i), .size = BENCH_PAGE};
	struct gpulock_free release;
	uint64_t before = open_bracket(), after;
	int error = ioctl(layer_device, GPULOCK_ALLOC, &request);

	after = close_bracket();
	must(!error, "ALLOC");
	release.id = request.id;
	must(!ioctl(layer_device, GPULOCK_FREE, &release), "FREE");
	return after - before;
}

uint64_t layer_free(const struct point *point, uint32_t i)
{
	struct gpulock_alloc request = {.agent = agent(point, i), .size = BENCH_PAGE};
	struct gpulock_free release;
	uint64_t before, after;
	int error;

	must(!ioctl(layer_device, GPULOCK_ALLOC, &request), "ALLOC");
	release.id = request.id;
	before = open_bracket();
	error = ioctl(layer_device, GPULOCK_FREE, &release);
	after = close_bracket();
	must(!error, "FREE");
	return after - before;
}

void layer_kernel(const struct point *point, uint32_t what, uint32_t i, uint32_t *samples,
		  uint32_t count)
{
	struct bench_run run = {.what = what,
				.first_agent = point->first_agent,
				.agents = point->agents,
				.count = count,
				.grants = point->grants,
				.seed = i,
				.samples = (uintptr_t)samples};

	must(!ioctl(bench, BENCH_RUN, &run), "BENCH_RUN");
}

static void load(const char *name, const char *parameters)
{
	char path[64];
	int file;

	snprintf(path, sizeof(path), "/lib/%s.ko", name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || syscall(SYS_finit_module, file, parameters, 0))
		fail("%s does not load: %s", path, strerror(errno));
	close(file);
}

static int open_file(const char *path, int flags)
{
	int file = open(path, flags | O_CLOEXEC);

	if (file < 0)
		fail("%s: %s", path, strerror(errno));
	return file;
}

void layers_open(void)
{
	load("gpulock", "devices=1");
	load("gpulock_bench", "");
	layer_device = open_file("/dev/gpulock", O_RDWR);
	bench = open_file("/dev/gpulock_bench", O_RDWR);
	control = open_file(CONTROL, O_WRONLY);
}

static void fill(uint32_t to, uint64_t grants)
{
	struct gpulock_set_quota quota = {
		.agent = to, .limit = 1ull << 40, .device_mask = UINT64_MAX};
	struct gpulock_grant grant = {.agent = to, .access = GPULOCK_READ, .size = BENCH_PAGE};

	must(!ioctl(layer_device, GPULOCK_SET_QUOTA, &quota), "SET_QUOTA");
	for (uint64_t i = 0; i < grants; i++) {
		grant.start = BENCH_START(bench_order(i, grants));
		must(!ioctl(layer_device, GPULOCK_GRANT, &grant), "GRANT");
	}
}

void layers_fill(const struct point *point)
{
	for (uint32_t i = 0; i < point->agents; i++) {
		struct gpulock_query query = {.agent = point->first_agent + i};

		if (ioctl(layer_device, GPULOCK_QUERY, &query))
			fill(query.agent, point->grants);
	}
}

void layers_change(const struct point *point)
{
	for (uint32_t i = 0; i < point->agents; i++) {
		struct gpulock_grant grant = {
			.agent = point->first_agent + i, .access = GPULOCK_READ, .size = 1};
		struct gpulock_revoke revoke = {.agent = grant.agent, .size = 1};

		must(!ioctl(layer_device, GPULOCK_GRANT, &grant) &&
			     !ioctl(layer_device, GPULOCK_REVOKE, &revoke),
		     "GRANT, REVOKE");
	}
}
