// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "generator.h"
#include "hostinfo.h"
#include "util.h"

/* In the child: becomes the generator. What it complains of goes into the log. */
static void exec_generator(const struct words *command, int output, int log)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(output, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execv(command->word[0], command->word);
	pr_err("%s: %s", command->word[0], strerror(errno));
	_exit(127);
}

int generator_start(struct generator *generator, const char *self, long cpu, const char *read_file,
		    int log)
{
	struct words command = {0};
	int ready[2];
	char line[64];

	words_add(&command, "%s", self);
	words_add(&command, "interfere");
	command_number(&command, "--cpu", cpu);
	words_add(&command, "--busy");
	/*
	 * Not under TCG: QEMU 7.2 corrupts a guest of the KVM that it emulates when other CPUs
	 * interrupt it thousands of times.
	 */
	if (hostinfo_emulator() != EMULATOR_TCG)
		words_add(&command, "--shootdowns");
	command_number(&command, "--timers", 4000);
	command_option(&command, "--read", read_file);
	if (pipe2(ready, O_CLOEXEC)) {
		dprintf(log, "pipe: %s\n", strerror(errno));
		words_free(&command);
		return -1;
	}
	fflush(stdout);
	generator->pid = fork();
	if (!generator->pid)
		exec_generator(&command, ready[1], log);
	if (generator->pid < 0)
		dprintf(log, "fork: %s\n", strerror(errno));
	close(ready[1]);
	words_free(&command);
	generator->output = ready[0];
	if (generator->pid > 0 && read(ready[0], line, sizeof(line)) > 0)
		return 0;
	close(ready[0]);
	if (generator->pid > 0) {
		kill(generator->pid, SIGKILL);
		waitpid(generator->pid, NULL, 0);
	}
	return -1;
}

int generator_end(const struct generator *generator, int log)
{
	int status = 0;
	char text[512];
	ssize_t n;

	kill(generator->pid, SIGTERM);
	while ((n = read(generator->output, text, sizeof(text))) > 0)
		dprintf(log, "%.*s", (int)n, text);
	close(generator->output);
	while (waitpid(generator->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? -1 : 0;
}
