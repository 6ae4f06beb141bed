// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpumem_command.h"
#include "util.h"

/* In the child: the word, or the end of who would say it, comes first. */
static void run(char *const *words, int go, int failed)
{
	sigset_t none;
	char byte;
	int error;

	if (read(go, &byte, 1) != 1)
		_exit(EXIT_FAILED);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(words[0], words);
	error = errno;
	_exit(write(failed, &error, sizeof(error)) == sizeof(error) ? 127 : 126);
}

int gpumem_command_prepare(struct gpumem_command *command, char *const *words)
{
	int go[2], failed[2];

	if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC) || (command->process = fork()) < 0) {
		pr_err("cannot start a process: %s", strerror(errno));
		command->process = 0;
		return -1;
	}
	if (!command->process) {
		close(go[1]);
		close(failed[0]);
		run(words, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	command->go = go[1];
	command->failed = failed[0];
	return 0;
}

int gpumem_command_begin(struct gpumem_command *command, const char *program)
{
	int error = 0;

	if (write(command->go, "", 1) != 1)
		error = errno;
	close(command->go);
	/* Its end of the pipe is closed by the exec that succeeds. */
	while (!error && read(command->failed, &error, sizeof(error)) < 0 && errno == EINTR)
		;
	close(command->failed);
	if (!error)
		return 0;
	pr_err("%s: %s", program, strerror(error));
	waitpid(command->process, NULL, 0);
	command->process = 0;
	return -1;
}

void gpumem_command_drop(struct gpumem_command *command)
{
	if (!command->process)
		return;
	close(command->go);
	close(command->failed);
	waitpid(command->process, NULL, 0);
	command->process = 0;
}

int gpumem_command_end(struct gpumem_command *command, const char *program)
{
	int status;

	if (!command->process)
		return EXIT_OK;
	kill(command->process, SIGKILL); /* nothing to one that has ended */
	while (waitpid(command->process, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		pr_err("%s was ended by signal %d (%s)", program, WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		pr_err("%s ended with exit code %d", program, WEXITSTATUS(status));
	return status ? EXIT_FAILED : EXIT_OK;
}
