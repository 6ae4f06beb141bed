// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "stop_signals.h"
#include "util.h"

#define GRACE_S 20 /* from asking a late command to end to killing it */

void command_option(struct words *command, const char *name, const char *value)
{
	if (!value)
		return;
	words_add(command, "%s", name);
	words_add(command, "%s", value);
}

void command_number(struct words *command, const char *name, long value)
{
	words_add(command, "%s", name);
	words_add(command, "%ld", value);
}

static volatile sig_atomic_t child, passed_on, late;

static void pass_on(int signal)
{
	passed_on = 1;
	kill(child, signal);
}

static void time_is_up(int signal)
{
	(void)signal;
	kill(child, late++ ? SIGKILL : SIGTERM);
	alarm(GRACE_S);
}

/* In the new process. */
static void become(const struct words *command, int output, pid_t parent, const sigset_t *mask)
{
	/* It may have things to put back: it is asked to end, not killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(126);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (output >= 0) {
		dup2(output, STDOUT_FILENO);
		dup2(output, STDERR_FILENO);
	}
	execv(command->word[0], command->word);
	pr_err("%s: %s", command->word[0], strerror(errno));
	_exit(127);
}

int command_run_within(const struct words *command, int output, unsigned int seconds,
		       struct command_end *end)
{
	static const int ends[] = {STOP_SIGNALS, SIGALRM};
	struct sigaction old[ARRAY_SIZE(ends)];
	sigset_t all, before, stops;
	pid_t parent = getpid();
	int status = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	fflush(stdout);
	child = fork();
	if (!child)
		become(command, output, parent, &before);
	if (child < 0)
		die("fork: %s", strerror(errno));
	passed_on = late = 0;
	stop_signals_set(&stops);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct sigaction action = {.sa_handler = time_is_up};

		if (ends[i] != SIGALRM)
			action.sa_handler = sigismember(&stops, ends[i]) ? pass_on : SIG_IGN;
		sigaction(ends[i], &action, &old[i]);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	alarm(seconds);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		sigaction(ends[i], &old[i], NULL);
	*end = (struct command_end){.interrupted = passed_on, .late = late};
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int command_run(const struct words *command, int output, bool *interrupted)
{
	struct command_end end;
	int status = command_run_within(command, output, 0, &end);

	*interrupted = end.interrupted;
	return status;
}
