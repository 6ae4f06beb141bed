// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `exitlab gpulock bench`: what the layers cost on this machine, in nanoseconds. Instructions, by
 * grants and agents, are what make gpulock-bench counts in a guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "gpulock.h"
#include "stats.h"
#include "util.h"

/* An agent that nobody is likely to have; a check of it is denied, which costs what an allowed one
 * does but the tree. */
#define NOBODY UINT32_MAX
#define BATCH  256

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int call_nothing(int device)
{
	(void)device;
	return 0;
}

static int call_unknown(int device)
{
	return ioctl(device, _IO(GPULOCK_MAGIC, 0)) && errno == ENOTTY ? 0 : -1;
}

static int call_check(int device)
{
	struct gpulock_check check = {.agent = NOBODY, .access = GPULOCK_READ, .size = 1};

	return ioctl(device, GPULOCK_CHECK, &check);
}

static int call_batch(int device)
{
	static struct gpulock_check checks[BATCH];
	struct gpulock_check_batch batch = {.checks = (uintptr_t)checks, .count = BATCH};

	for (size_t i = 0; !checks[0].agent && i < BATCH; i++)
		checks[BATCH - 1 - i] =
			(struct gpulock_check){.agent = NOBODY, .access = GPULOCK_READ, .size = 1};
	return ioctl(device, GPULOCK_CHECK_BATCH, &batch);
}

/* A test that is denied ends with EACCES. */
static int call_proc(int device)
{
	static const char line[] = "test_dma 4294967295 0 r";
	int file = open("/proc/swarm/gpu/control", O_WRONLY | O_CLOEXEC), error;

	(void)device;
	if (file < 0)
		return -1;
	error = write(file, line, sizeof(line) - 1) < 0 ? errno : 0;
	close(file);
	errno = error;
	return error == EACCES ? 0 : -1;
}

static const struct {
	const char *id, *name;
	int (*call)(int device);
	unsigned int checks; /* that one call is */
} rows[] = {
	{"empty", "empty bracket", call_nothing, 1},
	{"enotty", "empty ioctl (ENOTTY)", call_unknown, 1},
	{"check", "CHECK ioctl", call_check, 1},
	{"batch", "CHECK_BATCH, per check", call_batch, BATCH},
	{"proc", "/proc open + write + close", call_proc, 1},
};

static int run(size_t row, const struct gpulock_request *request, uint32_t *samples,
	       uint32_t at[STATS_PERCENTILES])
{
	long count = request->iterations;

	for (long i = -count / 10; i < count; i++) {
		uint64_t begin = now_ns(), took;

		if (rows[row].call(request->device))
			return gpulock_refused(rows[row].name, errno);
		took = (now_ns() - begin) / rows[row].checks;
		if (i >= 0)
			samples[i] = took < UINT32_MAX ? took : UINT32_MAX;
	}
	stats_sort(samples, samples + count, count);
	stats_percentiles(samples, count, at);
	return EXIT_OK;
}

int gpulock_bench(const struct gpulock_request *request)
{
	uint32_t at[STATS_PERCENTILES], *samples;
	json_t *list = json_array();
	int code = EXIT_OK;

	samples = malloc(2 * request->iterations * sizeof(*samples));
	if (!samples)
		die("no memory for %ld samples: lower --iter", request->iterations);
	if (!request->json)
		printf("%-28s %8s %8s %8s  ns\n", "what", "p50", "p99", "max");
	for (size_t i = 0; code == EXIT_OK && i < ARRAY_SIZE(rows); i++) {
		code = run(i, request, samples, at);
		if (code == EXIT_OK && !request->json)
			printf("%-28s %8u %8u %8u\n", rows[i].name, at[STATS_P50], at[STATS_P99],
			       at[STATS_MAX]);
		if (code == EXIT_OK)
			json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:I}", "id",
							      rows[i].id, "unit", "ns", "p50",
							      (json_int_t)at[STATS_P50], "p99",
							      (json_int_t)at[STATS_P99], "max",
							      (json_int_t)at[STATS_MAX]));
	}
	free(samples);
	if (code == EXIT_OK)
		gpulock_print(request, json_pack("{s:o}", "rows", list));
	else
		json_decref(list);
	return code;
}
