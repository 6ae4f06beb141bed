// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "gpumem_stress_part.h"
#include "util.h"

/* In the child. */
static void become(const struct words *command, int output, int error, int go,
		   const cpu_set_t *cpus, pid_t parent)
{
	sigset_t none;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || sched_setaffinity(0, sizeof(*cpus), cpus))
		_exit(126);
	if (output >= 0)
		dup2(output, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	if (go >= 0 && read(go, &byte, 1) != 1)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
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

int part_start(struct part *part, const char *name, const struct words *command, int output,
	       const cpu_set_t *cpus, bool held)
{
	int error[2] = {-1, -1}, go[2] = {-1, -1};
	pid_t parent = getpid();

	*part = (struct part){.name = name, .pidfd = -1, .go = -1, .error = -1};
	fflush(stdout);
	if (!pipe2(error, O_CLOEXEC | O_NONBLOCK) && (!held || !pipe2(go, O_CLOEXEC)))
		part->pid = fork();
	if (!part->pid && error[0] >= 0 && (!held || go[0] >= 0)) {
		/* Only our end never waits. */
		fcntl(error[1], F_SETFL, 0);
		close_one(&go[1]);
		become(command, output, error[1], go[0], cpus, parent);
	}
	if (part->pid > 0)
		part->pidfd = pidfd_open(part->pid, 0);
	close_one(&error[1]);
	close_one(&go[0]);
	part->error = error[0];
	part->go = go[1];
	if (part->pidfd >= 0)
		return 0;
	pr_err("cannot start %s: %s", name, strerror(errno));
	part_kill(part);
	return -1;
}

void part_go(struct part *part)
{
	/* Where it is gone already its end says so. */
	if (part->go >= 0 && write(part->go, "", 1) != 1)
		pr_warn("%s: %s", part->name, strerror(errno));
	close_one(&part->go);
}

/* Takes what it has said; the end of it where that is long. */
static void take(struct part *part)
{
	const size_t most = sizeof(part->said) - 1;
	char text[1024];
	ssize_t got;

	while (part->error >= 0 && (got = read(part->error, text, sizeof(text))) > 0) {
		size_t over = part->length + got > most ? part->length + got - most : 0;

		memmove(part->said, part->said + over, part->length - over);
		part->length -= over;
		memcpy(part->said + part->length, text, got);
		part->length += got;
		part->said[part->length] = '\0';
	}
}

/* Until one of the two is readable; a third is watched for what it says. */
static enum heard wait_on(int fd, int other, struct part *speaker, int signals, int64_t deadline)
{
	struct pollfd all[] = {{fd, POLLIN, 0},
			       {other, POLLIN, 0},
			       {signals, POLLIN, 0},
			       {speaker && fd != speaker->error ? speaker->error : -1, POLLIN, 0}};

	for (;;) {
		int64_t left = deadline - now_ms();

		if (left <= 0)
			return LATE;
		if (poll(all, ARRAY_SIZE(all), left < 1000 ? left : 1000) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (all[2].revents)
			return INTERRUPTED;
		if (all[0].revents)
			return HEARD;
		if (all[1].revents)
			return ENDED;
		if (all[3].revents & POLLIN)
			take(speaker);
		else if (all[3].revents)
			all[3].fd = -1;
	}
}

enum heard part_says(struct part *part, const char *text, int signals, int64_t deadline)
{
	while (!strstr(part->said, text)) {
		enum heard heard = wait_on(part->error, part->pidfd, NULL, signals, deadline);
		size_t before = part->length;

		if (heard != HEARD && heard != ENDED)
			return heard;
		take(part);
		/* Its end of the pipe is closed. */
		if (part->length == before)
			return strstr(part->said, text) ? HEARD : ENDED;
	}
	return HEARD;
}

enum heard part_ends(struct part *part, struct part *other, int signals, int64_t deadline)
{
	return wait_on(part->pidfd, other ? other->pidfd : -1, part, signals, deadline);
}

int part_reap(struct part *part)
{
	int status = -1;

	while (part->pid > 0 && waitpid(part->pid, &status, 0) < 0 && errno == EINTR)
		;
	take(part);
	part->pid = 0;
	close_one(&part->pidfd);
	close_one(&part->go);
	close_one(&part->error);
	return status;
}

void part_kill(struct part *part)
{
	if (part->pid > 0)
		kill(part->pid, SIGKILL);
	if (part->pid)
		part_reap(part);
}

const char *part_last_line(struct part *part)
{
	char *line;

	while (part->length && part->said[part->length - 1] == '\n')
		part->said[--part->length] = '\0';
	line = strrchr(part->said, '\n');
	line = line ? line + 1 : part->said;
	return strncmp(line, "exitlab: ", 9) ? line : line + 9;
}

void part_describe_end(struct part *part, int status, char *why, size_t size)
{
	const char *line = part_last_line(part);

	*why = '\0';
	if (WIFSIGNALED(status))
		snprintf(why, size, "%s was killed by signal %d (%s)", part->name, WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(why, size, "%s ended with exit code %d%s%s", part->name,
			 WEXITSTATUS(status), *line ? ": " : "", line);
}
