// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tracers trace while a command of theirs runs. Theirs is a shell that says one word when it is
 * started, which is when they trace, and ends when its input does: no waiting for a time that may
 * not be enough, and no signal that they may not expect.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive.h"
#include "attach.h"
#include "exitcount.h"
#include "util.h"

#define BEGIN_S 60 /* from start to tracing; perf opens a hundred events a CPU */
#define END_S	60 /* to write what was traced */
#define WORDS	12
#define READY	3 /* the shell's descriptor for its word */

/*
 * How each traces all of KVM's events while the command after these words runs. A reader that
 * waits in the kernel makes each event some instructions longer as long as it waits, so trace-cmd's
 * looks ten times a second instead.
 */
static const struct tracer {
	const char *name;
	const char *word[WORDS];
} tracers[] = {
	{"trace-cmd",
	 {"trace-cmd", "record", "-q", "--poll", "-s", "100000", "-e", "kvm", "-o", "trace.dat"}},
	{"perf", {"perf", "record", "-q", "-a", "-e", "kvm:*", "-o", "perf.data", "--"}},
};

static const char *const command[] = {"sh", "-c", "echo >&3; read -r end; exit 0", NULL};

struct attached {
	const char *name;
	struct exitcount *counter; /* exitcount, which is no process */
	pid_t pid;		   /* the others, in a directory of their own */
	int input;		   /* of the shell */
	char directory[64];
};

static void release(struct attached *attached)
{
	if (attached->directory[0])
		remove_tree(attached->directory);
	exitcount_close(attached->counter);
	free(attached);
}

/* In the child: gone when we are, its output in a log. */
static void exec_tracer(const struct attached *attached, const struct tracer *tracer, pid_t parent,
			int input, int ready)
{
	const char *word[2 * WORDS];
	size_t count = 0;
	sigset_t none;
	int log;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || chdir(attached->directory))
		_exit(126);
	log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(input, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	if (ready == READY)
		fcntl(ready, F_SETFD, 0);
	else
		dup2(ready, READY);
	for (const char *const *at = tracer->word; *at; at++)
		word[count++] = *at;
	for (const char *const *at = command; *at; at++)
		word[count++] = *at;
	word[count] = NULL;
	execvp(word[0], (char **)word);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Its status, or -1 where it had to be killed since it did not end within seconds. */
static int wait_tracer(pid_t pid, int seconds)
{
	struct pollfd ended = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	int status, late;

	while (poll(&ended, 1, seconds * 1000) < 0 && errno == EINTR)
		;
	late = !ended.revents;
	close(ended.fd);
	if (late)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return late ? -1 : status;
}

/* What the tracer said last. */
static void last_words(const struct attached *attached, char *line, size_t size)
{
	char path[96], next[256];
	FILE *log;

	snprintf(path, sizeof(path), "%s/log", attached->directory);
	snprintf(line, size, "it says nothing");
	log = fopen(path, "re");
	while (log && fgets(next, sizeof(next), log))
		if (next[strspn(next, " \n")])
			snprintf(line, size, "%.*s", (int)strcspn(next, "\n"), next);
	if (log)
		fclose(log);
}

/* Waits for the tracer that must end now. 0, or -1 with why. */
static int finish(struct attached *attached, char *why, size_t size)
{
	int status = wait_tracer(attached->pid, END_S);
	char line[200];

	last_words(attached, line, sizeof(line));
	if (status < 0)
		snprintf(why, size, "%s did not end within %d s: %s", attached->name, END_S, line);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		snprintf(why, size, "%s is missing; make deps installs it", attached->name);
	else if (status)
		snprintf(why, size, "%s failed: %s", attached->name, line);
	return status ? -1 : 0;
}

/* Starts it. 0 when it traces, or -1 with why; then it has ended. */
static int start(struct attached *attached, const struct tracer *tracer, char *why, size_t size)
{
	int input[2] = {-1, -1}, ready[2] = {-1, -1};
	struct pollfd word;
	pid_t parent = getpid();
	char byte;

	if (!mkdtemp(attached->directory) || pipe2(input, O_CLOEXEC) || pipe2(ready, O_CLOEXEC) ||
	    (attached->pid = fork()) < 0) {
		snprintf(why, size, "%s: %s", tracer->name, strerror(errno));
		close(input[0]);
		close(input[1]);
		return -1;
	}
	if (!attached->pid)
		exec_tracer(attached, tracer, parent, input[0], ready[1]);
	close(input[0]);
	close(ready[1]);
	attached->input = input[1];
	word = (struct pollfd){.fd = ready[0], .events = POLLIN};
	while (poll(&word, 1, BEGIN_S * 1000) < 0 && errno == EINTR)
		;
	if (word.revents && read(ready[0], &byte, 1) == 1) {
		close(ready[0]);
		return 0;
	}
	close(ready[0]);
	close(attached->input);
	if (!finish(attached, why, size))
		snprintf(why, size, "%s ended before it traced", tracer->name);
	return -1;
}

struct attached *attach_begin(const char *name, pid_t qemu, char *why, size_t size)
{
	struct attached *attached = calloc(1, sizeof(*attached));
	const char *temporary = getenv("TMPDIR");
	const struct tracer *tracer = tracers;
	int failed;

	if (!attached)
		die("no memory");
	attached->name = name;
	if (!strcmp(name, "exitcount")) {
		attached->counter = exitcount_open(qemu, EXITCOUNT_LATENCY, why, size);
		failed = !attached->counter;
	} else {
		while (strcmp(tracer->name, name))
			tracer++;
		if (!temporary || strlen(temporary) > 32)
			temporary = "/tmp";
		snprintf(attached->directory, sizeof(attached->directory),
			 "%s/exitlab-attach.XXXXXX", temporary);
		failed = start(attached, tracer, why, size);
	}
	if (!failed)
		return attached;
	release(attached);
	return NULL;
}

int attach_end(struct attached *attached, char *why, size_t size)
{
	int failed = 0;

	if (!attached)
		return 0;
	if (attached->pid) {
		close(attached->input);
		failed = finish(attached, why, size);
	}
	release(attached);
	return failed;
}
