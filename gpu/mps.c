// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* nvidia-cuda-mps-control with a directory of its own, so that no other daemon is touched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mps.h"

static char directory[64];

static void point_to_daemon(void)
{
	setenv("CUDA_MPS_PIPE_DIRECTORY", directory, 1);
	setenv("CUDA_MPS_LOG_DIRECTORY", directory, 1);
}

/* Runs a shell command with the daemon's directory in its environment. Its status. */
static int with_daemon(const char *command)
{
	point_to_daemon();
	int status = system(command);

	unsetenv("CUDA_MPS_PIPE_DIRECTORY");
	unsetenv("CUDA_MPS_LOG_DIRECTORY");
	return status;
}

const char *mps_begin(struct suite *suite)
{
	(void)suite;
	if (system("command -v nvidia-cuda-mps-control >/dev/null"))
		return "no nvidia-cuda-mps-control: it comes with NVIDIA's driver";
	snprintf(directory, sizeof(directory), "/tmp/exitlab-mps-XXXXXX");
	if (!mkdtemp(directory)) {
		directory[0] = '\0';
		return "no directory in /tmp for MPS: make room";
	}
	if (with_daemon("nvidia-cuda-mps-control -d >/dev/null 2>&1")) {
		mps_end(suite);
		return "nvidia-cuda-mps-control -d does not start: it takes a device outside a "
		       "container, and no other daemon of this user";
	}
	return NULL;
}

void mps_end(struct suite *suite)
{
	char command[128];

	(void)suite;
	if (!*directory)
		return;
	with_daemon("echo quit | timeout -s KILL 20 nvidia-cuda-mps-control >/dev/null 2>&1");
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command))
		fprintf(stderr, "gpubench: warning: %s stays\n", directory);
	directory[0] = '\0';
}

void mps_enter(const struct suite *suite)
{
	char text[64];

	point_to_daemon();
	if (suite->options.sm_limit) {
		snprintf(text, sizeof(text), "%u", suite->options.sm_limit);
		setenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", text, 1);
	}
	if (suite->options.mem_limit) {
		/* MPS takes whole M or G. */
		snprintf(text, sizeof(text), "0=%juM", (uintmax_t)(suite_mem_limit(suite) >> 20));
		setenv("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT", text, 1);
	}
}
