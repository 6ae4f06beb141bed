// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The lab's first process: brings the host up (bringup.c), runs the one job it was given and
 * carries CMD's streams, signals and status between it and `exitlab lab` outside. Its control port
 * is where the outcome goes; the outer end then ends the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bringup.h"
#include "stream.h"

struct job {
	char **arguments, **environment;
	const struct lab_inside *inside;
	const char *directory, *modules;
	bool no_input;
	const char *writable[LAB_WRITABLE_MOST];
	int writable_n;
};

enum { CONTROL, CHILD, STDIN, STDOUT, STDERR, FDS };

struct agent {
	int control, child_events;
	pid_t cmd;
	bool cmd_ended;
	uint32_t status;
	uint64_t stdin_end; /* bytes of standard input there are, known when it has ended */
	struct stream in, out, err;
};

static char *read_job(size_t *size)
{
	int fd = open(LAB_JOB_FILE, O_RDONLY | O_CLOEXEC);
	off_t length = lseek(fd, 0, SEEK_END);
	char *job = malloc(length + 1);

	if (fd < 0 || !job || pread(fd, job, length, 0) != length)
		fail(LAB_JOB_FILE);
	close(fd);
	*size = length;
	return job;
}

static void append(char ***list, size_t *n, char *string)
{
	*list = realloc(*list, (*n + 2) * sizeof(**list));
	if (!*list)
		fail(LAB_JOB_FILE);
	(*list)[(*n)++] = string;
	(*list)[*n] = NULL;
}

static const struct lab_inside *find_inside(const char *vendor)
{
	static const struct lab_inside *const insides[] = {&lab_inside_amd, &lab_inside_intel};

	for (size_t i = 0; i < sizeof(insides) / sizeof(insides[0]); i++)
		if (!strcmp(vendor, insides[i]->vendor))
			return insides[i];
	errno = EINVAL;
	fail(vendor);
}

static struct job parse_job(char *text, size_t size)
{
	struct job job = {};
	size_t arguments = 0, environment = 0;

	for (char *at = text; at < text + size; at += strlen(at) + 1) {
		switch (*at) {
		case LAB_JOB_VENDOR:
			job.inside = find_inside(at + 1);
			break;
		case LAB_JOB_NO_INPUT:
			job.no_input = true;
			break;
		case LAB_JOB_ARGUMENT:
			append(&job.arguments, &arguments, at + 1);
			break;
		case LAB_JOB_ENVIRONMENT:
			append(&job.environment, &environment, at + 1);
			break;
		case LAB_JOB_DIRECTORY:
			job.directory = at + 1;
			break;
		case LAB_JOB_MODULES:
			job.modules = at + 1;
			break;
		case LAB_JOB_WRITABLE:
			if (job.writable_n < LAB_WRITABLE_MOST)
				job.writable[job.writable_n++] = at + 1;
			break;
		}
	}
	return job;
}

/* In the child; what it says of itself goes to CMD's standard error, as with a shell. */
static void exec_cmd(const struct job *job)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	sigset_t none;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	setsid();
	if (chdir(job->directory)) {
		dprintf(STDERR_FILENO, "exitlab: lab: %s: %s\n", job->directory, strerror(errno));
		_exit(126);
	}
	environ = job->environment;
	execvp(job->arguments[0], job->arguments);
	error = errno;
	dprintf(STDERR_FILENO, "exitlab: lab: %s: %s\n", job->arguments[0], strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

static void start_cmd(struct agent *agent, const struct job *job)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		fail("pipe");
	agent->cmd = fork();
	if (agent->cmd < 0)
		fail("fork");
	if (!agent->cmd) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		exec_cmd(job);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	agent->in.to = in[1];
	agent->out.from = out[0];
	agent->err.from = err[0];
}

static void tell(const struct agent *agent, const struct lab_message *message)
{
	struct pollfd fd = {.fd = agent->control, .events = POLLOUT};

	while (write(agent->control, message, sizeof(*message)) < 0 && errno == EAGAIN)
		poll(&fd, 1, -1);
}

static void hear(struct agent *agent)
{
	struct lab_message message;

	if (read(agent->control, &message, sizeof(message)) != sizeof(message))
		return;
	if (message.kind == LAB_SIGNAL && !agent->cmd_ended)
		/* CMD leads its group, so a pipeline under `sh -c` gets it as from a terminal. */
		kill(-agent->cmd, message.value);
	else if (message.kind == LAB_STDIN_ENDED)
		agent->stdin_end = message.in;
}

/* As first process it reaps everybody. When CMD ends all others end, so its pipes do too. */
static void reap(struct agent *agent)
{
	struct signalfd_siginfo info;
	pid_t pid;
	int status;

	if (read(agent->child_events, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != agent->cmd)
			continue;
		agent->cmd_ended = true;
		agent->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		kill(-1, SIGKILL);
	}
}

static void close_ended_stdin(struct stream *in, uint64_t end)
{
	if (in->to < 0 || in->given < end)
		return;
	close(in->to);
	in->to = -1;
	in->ended = true;
}

static void carry(struct agent *agent)
{
	while (!agent->cmd_ended || !stream_done(&agent->out) || !stream_done(&agent->err)) {
		struct pollfd fds[FDS] = {
			[CONTROL] = {.fd = agent->control, .events = POLLIN},
			[CHILD] = {.fd = agent->child_events, .events = POLLIN},
			[STDIN] = stream_poll(&agent->in),
			[STDOUT] = stream_poll(&agent->out),
			[STDERR] = stream_poll(&agent->err),
		};

		if (poll(fds, FDS, -1) < 0)
			continue;
		if (fds[CHILD].revents)
			reap(agent);
		if (fds[CONTROL].revents)
			hear(agent);
		stream_move(&agent->in, fds[STDIN].revents);
		stream_move(&agent->out, fds[STDOUT].revents);
		stream_move(&agent->err, fds[STDERR].revents);
		close_ended_stdin(&agent->in, agent->stdin_end);
	}
}

int main(void)
{
	size_t size;
	char *text = read_job(&size);
	struct job job = parse_job(text, size);
	static struct agent agent = {.stdin_end = UINT64_MAX};
	int channel[LAB_CHANNELS];
	sigset_t child;

	bring_up(job.inside);
	bring_modules(job.modules);
	make_directories(job.directory); /* which need not be carried */
	for (int i = 0; i < job.writable_n; i++)
		bring_writable(job.inside, job.writable[i], i);

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	agent.child_events = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	for (int i = 0; i < LAB_CHANNELS; i++)
		channel[i] = job.inside->open_channel(i);
	agent.control = channel[LAB_CONTROL];
	agent.in = (struct stream){
		.from = channel[LAB_STDIN], .port = true, .chunk = sizeof(agent.in.buffer)};
	agent.out = (struct stream){.to = channel[LAB_STDOUT], .chunk = sizeof(agent.out.buffer)};
	agent.err = (struct stream){.to = channel[LAB_STDERR], .chunk = sizeof(agent.err.buffer)};
	if (job.no_input)
		agent.stdin_end = 0;
	tell(&agent, &(struct lab_message){.kind = LAB_READY});
	start_cmd(&agent, &job);
	carry(&agent);

	sync();
	for (int i = 0; i < job.writable_n; i++)
		job.inside->give_back(job.writable[i], i);
	tell(&agent, &(struct lab_message){.kind = LAB_STATUS,
					   .value = agent.status,
					   .out = agent.out.given,
					   .err = agent.err.given});
	for (;;)
		pause();
}
