// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loads and unloads the module RELOADS times [1000], each time with something in it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static long free_kib(void)
{
	char *text = proc_read("/proc/meminfo"), *at = strstr(text, "MemFree:");
	long kib = at ? atol(at + 8) : 0;

	free(text);
	return kib;
}

static bool once(int i)
{
	struct gpulock_alloc request = {
		.agent = 1 + i, .size = 4096, .flags = i % 2 ? GPULOCK_KEEP : 0};
	int error = module_load("gpulock", i % 3 ? "devices=1" : ""), fd;

	if (error) {
		note("load %d: %s", i, strerror(error));
		return false;
	}
	fd = device();
	error = ask(fd, GPULOCK_ALLOC, &request)
			?: grant(fd, 1 + i, request.dma_start, 4096, GPULOCK_READ);
	close(fd);
	return !module_unload("gpulock") && !error;
}

int main(void)
{
	int reloads = atoi(getenv("RELOADS") ?: "1000"), good = 0;
	long before;

	for (int i = 0; i < 20; i++)
		once(i);
	before = free_kib();
	for (int i = 0; i < reloads; i++)
		good += once(i);
	is(good, reloads, "%d times loaded, used and unloaded", reloads);
	note("%ld KiB free before, %ld KiB behind", before, free_kib());
	return done();
}
