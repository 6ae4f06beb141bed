// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../host/clock.h"
#include "../../host/json_file.h"
#include "../../host/util.h"
#include "process.h"

#define LOGGED_MOST 2000 /* lines of one process: one that prints for ever fills no disk */

/* In the child. */
static void become(const struct words *command, const struct place *place, int output, pid_t parent)
{
	sigset_t none;
	int nothing = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	dup2(nothing, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	if (place->keep >= 0)
		fcntl(place->keep, F_SETFD, 0);
	for (size_t i = 0; place->settings && i < place->settings->n; i++)
		putenv(place->settings->word[i]);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir(place->directory)) {
		pr_err("%s: %s", place->directory, strerror(errno));
		_exit(127);
	}
	execv(command->word[0], command->word);
	pr_err("%s: %s", command->word[0], strerror(errno));
	_exit(127);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int process_start(struct process *process, const struct words *command, const struct place *place)
{
	pid_t parent = getpid();
	int outputs[2], error;

	process->pid = 0;
	process->pidfd = process->output = -1;
	process->length = process->logged = 0;
	*process->last = '\0';
	process->was_ended = false;
	if (pipe2(outputs, O_CLOEXEC | O_NONBLOCK))
		return -1;
	/* Only our end never waits. */
	fcntl(outputs[1], F_SETFL, 0);
	fflush(NULL);
	process->pid = fork();
	if (!process->pid)
		become(command, place, outputs[1], parent);
	error = errno;
	close_one(&outputs[1]);
	process->output = outputs[0];
	if (process->pid > 0) {
		/* Here, too, so that it is true before anybody signals the group. */
		setpgid(process->pid, process->pid);
		process->pidfd = pidfd_open(process->pid, 0);
		error = errno;
	}
	if (process->pidfd >= 0)
		return 0;
	if (process->pid > 0) {
		kill(process->pid, SIGKILL);
		waitpid(process->pid, NULL, 0);
	}
	process->pid = 0;
	close_one(&process->output);
	errno = error;
	return -1;
}

static void take_line(struct process *process)
{
	process->text[process->length] = '\0';
	process->length = 0;
	tame(process->text);
	if (process->line)
		process->line(process->context, process->text);
	if (*process->text)
		snprintf(process->last, sizeof(process->last), "%.255s", process->text);
	if (process->log && process->logged++ < LOGGED_MOST)
		fprintf(process->log, "  %s: %s\n", process->name, process->text);
}

/* What it has said by now, but not for ever. Of a line that is too long the begin, as a line. */
static void take(struct process *process)
{
	char bytes[4096];
	ssize_t got = 0;

	for (int i = 0; i < 64 && process->output >= 0; i++) {
		got = read(process->output, bytes, sizeof(bytes));
		if (got < 0)
			return;
		if (!got)
			close_one(&process->output);
		for (ssize_t at = 0; at < got; at++) {
			if (bytes[at] == '\n')
				take_line(process);
			else if (process->length < sizeof(process->text) - 1)
				process->text[process->length++] = bytes[at];
		}
	}
}

enum waited process_wait(struct process *process, struct process *other, const bool *done,
			 int signals, int64_t deadline)
{
	for (;;) {
		struct pollfd all[] = {{process->pidfd, POLLIN, 0},
				       {process->output, POLLIN, 0},
				       {other ? other->pidfd : -1, POLLIN, 0},
				       {other ? other->output : -1, POLLIN, 0},
				       {signals, POLLIN, 0}};
		int64_t left = deadline - now_ms();

		if (done && *done)
			return WAITED_FOR;
		if (left <= 0)
			return WAITED_LATE;
		if (poll(all, ARRAY_SIZE(all), left < 1000 ? left : 1000) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (all[4].revents)
			return WAITED_INTERRUPTED;
		if (all[3].revents)
			take(other);
		if (all[1].revents)
			take(process);
		/* What it said before it ended comes first. */
		else if (all[0].revents)
			return done ? WAITED_ENDED : WAITED_FOR;
		if (all[2].revents && !all[3].revents)
			return WAITED_OTHER_ENDED;
	}
}

int process_end(struct process *process, int signals, int64_t grace_ms, bool *forced)
{
	int status = -1;

	*forced = false;
	if (!process->pid)
		return -1;
	process->was_ended = grace_ms > 0;
	if (grace_ms > 0) {
		kill(process->pid, SIGTERM);
		*forced = process_wait(process, NULL, NULL, signals, now_ms() + grace_ms) !=
			  WAITED_FOR;
	}
	/* It, and what it has started. */
	kill(-process->pid, SIGKILL);
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	take(process);
	if (process->length)
		take_line(process);
	if (process->log && process->logged > LOGGED_MOST)
		fprintf(process->log, "  %s: (%ju lines more)\n", process->name,
			(uintmax_t)(process->logged - LOGGED_MOST));
	process->pid = 0;
	close_one(&process->pidfd);
	close_one(&process->output);
	return status;
}

const char *process_said(const struct process *process)
{
	return strncmp(process->last, "exitlab: ", 9) ? process->last : process->last + 9;
}

void process_describe(const struct process *process, int status, char *why, size_t size)
{
	const char *said = process_said(process);

	if (WIFSIGNALED(status))
		snprintf(why, size, "%s was killed by signal %d (%s)", process->name,
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(why, size, "%s ended with exit code %d%s%s", process->name,
			 WEXITSTATUS(status), *said ? ": " : "", said);
}
