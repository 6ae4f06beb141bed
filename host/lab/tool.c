// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that the lab asks for one line, before there is an emulated host. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../clock.h"
#include "../util.h"
#include "backend.h"
#include "tool.h"

#define END_MS 2000 /* from SIGTERM to SIGKILL */

static void exec_tool(pid_t parent, char *const *argv, int out)
{
	int null = open("/dev/null", O_RDONLY);

	lab_child(parent, SIGTERM);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

int tool_run(char *const *argv, int deadline_s, int signals, char *text, size_t size)
{
	long long end = now_ms() + deadline_s * 1000ll;
	struct signalfd_siginfo info;
	int out[2], status, interrupted = 0;
	pid_t self = getpid(), pid;
	size_t used = 0;
	ssize_t n = 1;

	if (pipe2(out, O_CLOEXEC) || (pid = fork()) < 0)
		die("lab: cannot start %s: %s", argv[0], strerror(errno));
	if (!pid)
		exec_tool(self, argv, out[1]);
	setpgid(pid, pid); /* as the child does: whoever is first */
	close(out[1]);
	while (n > 0 && now_ms() < end) {
		struct pollfd fds[] = {{out[0], POLLIN, 0}, {signals, POLLIN, 0}};

		if (poll(fds, ARRAY_SIZE(fds), end - now_ms()) < 0)
			continue;
		if (fds[1].revents && read(signals, &info, sizeof(info)) == sizeof(info)) {
			interrupted = info.ssi_signo;
			kill(-pid, SIGTERM);
			end = now_ms() + END_MS;
		}
		if (fds[0].revents && (n = read(out[0], text + used, size - 1 - used)) > 0)
			used += n;
	}
	close(out[0]);
	if (n > 0) {
		if (!interrupted)
			pr_err("lab: %s did not end within %d s", argv[0], deadline_s);
		interrupted = interrupted ?: SIGKILL;
		kill(-pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	text[used] = 0;
	if (interrupted)
		return 128 + interrupted;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}
