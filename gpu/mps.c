// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* nvidia-cuda-mps-control with a directory of its own, so that no other daemon is touched. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mps.h"

static char directory[64];
static pid_t guard_pid;
static int guard_stream; /* its end here */

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

/*
 * Stops the daemon and removes its directory as soon as nobody holds the other end of the stream
 * any more: the daemon is no child of this process, and a kill leaves no time to stop it.
 */
static void guard(int stream)
{
	char command[128], byte;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* Neither a signal to the group nor the end of what was written to ends it. */
	setsid();
	dup2(null, 0);
	dup2(null, 1);
	while (read(stream, &byte, 1) < 0 && errno == EINTR)
		;
	with_daemon("echo quit | timeout -s KILL 20 nvidia-cuda-mps-control >/dev/null 2>&1");
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command))
		fprintf(stderr, "gpubench: warning: %s stays\n", directory);
	_exit(0);
}

/* Begins to guard a daemon that may start from now on. */
static int begin_guard(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	guard_pid = fork();
	if (!guard_pid) {
		close(ends[1]);
		guard(ends[0]);
	}
	close(ends[0]);
	if (guard_pid > 0) {
		guard_stream = ends[1];
		return 0;
	}
	close(ends[1]);
	return -1;
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
	if (begin_guard()) {
		rmdir(directory);
		directory[0] = '\0';
		return "no process to guard the MPS daemon";
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
	(void)suite;
	if (!*directory)
		return;
	close(guard_stream);
	waitpid(guard_pid, NULL, 0);
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
