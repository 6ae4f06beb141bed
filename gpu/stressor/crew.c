// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The parent: starts all processes, has them begin together, hears their reports, ends them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../host/stop_signals.h"
#include "stress.h"

#define SECOND	    1000000000ull
#define PATIENCE    (60 * SECOND)  /* for a driver that starts, and for what is left to be freed */
#define START_DELAY (SECOND / 200) /* from the last that is ready to the common start */

static struct shared *stopped_by_signal;
static volatile sig_atomic_t interrupted;

/* Once; the second signal ends the parent, and the kernel its processes. */
static void stop(int signal)
{
	(void)signal;
	interrupted = 1;
	phase_set(stopped_by_signal, PHASE_STOP);
}

static void hear_signals(struct shared *shared)
{
	static const int signals[] = {STOP_SIGNALS};
	const struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESETHAND};

	stopped_by_signal = shared;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

/* Waits for the end of the process, which is near; how it ended, where it is not by exit(0). */
static void reap(struct member *member, char *how, size_t size)
{
	int status;

	if (!member->pid)
		return;
	while (waitpid(member->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(how, size, "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, size, "ended with exit code %d", WEXITSTATUS(status));
	if (member->fd >= 0)
		close(member->fd);
	member->fd = -1;
}

/* All bytes. false: the process is gone, or late and therefore ended; member->missing says it. */
static bool hear(struct member *member, void *data, size_t size, uint64_t deadline)
{
	char *at = data, *end = at + size;

	while (at < end) {
		struct pollfd ready = {.fd = member->fd, .events = POLLIN};
		uint64_t now = monotonic_ns();
		ssize_t got;

		if (now >= deadline) {
			kill(member->pid, SIGKILL);
			reap(member, member->missing, sizeof(member->missing));
			snprintf(member->missing, sizeof(member->missing),
				 "did not answer in time");
			return false;
		}
		if (poll(&ready, 1, (deadline - now) / 1000000 % 86400000 + 1) <= 0)
			continue;
		got = read(member->fd, at, end - at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			reap(member, member->missing, sizeof(member->missing));
			return false;
		}
		at += got;
	}
	return true;
}

static bool start(struct crew *crew, unsigned int index)
{
	struct member *member = &crew->members[index];
	int fds[2];

	if (pipe2(fds, O_CLOEXEC)) {
		fprintf(stderr, "stress: no pipe for process %u: %m\n", index);
		return false;
	}
	member->pid = fork();
	if (!member->pid) {
		close(fds[0]);
		process_main(&crew->plan, crew->shared, index, fds[1]);
	}
	close(fds[1]);
	member->fd = fds[0];
	if (member->pid > 0)
		return true;
	fprintf(stderr, "stress: process %u does not start: %m\n", index);
	member->pid = 0;
	close(fds[0]);
	member->fd = -1;
	return false;
}

/* Ends all that there are. */
static void dismiss(struct crew *crew)
{
	char how[128];

	for (unsigned int i = 0; i < crew->plan.processes; i++)
		if (crew->members[i].pid && crew->members[i].fd >= 0) {
			kill(crew->members[i].pid, SIGKILL);
			reap(&crew->members[i], how, sizeof(how));
		}
}

/* All ready. Exit code: 0, or that of the first that is not, which is said. */
static int ready(struct crew *crew)
{
	uint64_t deadline = monotonic_ns() + PATIENCE;

	for (unsigned int i = 0; i < crew->plan.processes; i++)
		if (!start(crew, i))
			return 1;
	for (unsigned int i = 0; i < crew->plan.processes; i++) {
		struct member *member = &crew->members[i];
		struct hello *hello = &member->hello;

		if (!hear(member, hello, sizeof(*hello), deadline)) {
			fprintf(stderr, "stress: process %d %s before it was ready\n", member->pid,
				member->missing);
			return 1;
		}
		if (hello->status) {
			fprintf(stderr, "stress: %s\n", hello->why);
			return hello->status;
		}
	}
	return 0;
}

static void go(struct shared *shared, double duration)
{
	uint32_t readying = PHASE_READYING;

	shared->start = monotonic_ns() + START_DELAY;
	shared->deadline = shared->start + (uint64_t)(duration * SECOND);
	/* Not where a signal came first. */
	if (__atomic_compare_exchange_n((uint32_t *)&shared->phase, &readying, PHASE_GOING, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		phase_set(shared, PHASE_GOING);
}

/* All reports. Exit code: 1 where one is missing, or tells of what nobody asked for. */
static int gather(struct crew *crew)
{
	uint64_t deadline = crew->shared->deadline + PATIENCE;
	int status = 0;

	for (unsigned int i = 0; i < crew->plan.processes; i++) {
		struct member *member = &crew->members[i];

		if (!hear(member, &member->report, sizeof(member->report), deadline)) {
			fprintf(stderr,
				"stress: process %d %s: its part is missing in the totals\n",
				member->pid, member->missing);
			status = 1;
		} else if (*member->report.what) {
			fprintf(stderr,
				"stress: process %d: %ju calls did not do what they were to do; "
				"the first: %s\n",
				member->pid, (uintmax_t)member->report.totals.unexpected,
				member->report.what);
			status = 1;
		}
	}
	return status;
}

int crew_run(struct crew *crew)
{
	char how[128];
	int status;

	crew->members = calloc(crew->plan.processes, sizeof(*crew->members));
	crew->shared = mmap(NULL, sizeof(*crew->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!crew->members || crew->shared == MAP_FAILED) {
		fprintf(stderr, "stress: no memory for %u processes\n", crew->plan.processes);
		return 1;
	}
	hear_signals(crew->shared);
	status = ready(crew);
	if (status) {
		dismiss(crew);
		return status;
	}
	go(crew->shared, crew->plan.duration);
	status = gather(crew);
	crew->interrupted = interrupted;
	if (truth_print(crew))
		status = 1;
	/* With --linger they live on, and end by themselves. */
	for (unsigned int i = 0; i < crew->plan.processes; i++)
		if (crew->members[i].fd >= 0)
			reap(&crew->members[i], how, sizeof(how));
	return status;
}
