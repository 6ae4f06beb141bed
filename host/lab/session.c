// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A session with the lab: carries bytes and signals until CMD ends, and names every failure. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../clock.h"
#include "../util.h"
#include "backend.h"
#include "stream.h"
#include "wire.h"

/* Of the machine's log this much is kept, for the line that says why it failed. */
#define LOG_KEPT 65536

/*
 * Milliseconds between two requests to end, from the first to the second, that end the lab itself.
 * Sooner it is one request: make and timeout(1) repeat what their whole group was sent.
 */
#define INSIST_AFTER  100
#define INSIST_WITHIN 2000

enum { CONTROL, SIGNALS, LOG, STDIN, STDOUT, STDERR, FDS };

struct session {
	struct lab_machine *machine;
	const struct lab_options *options;
	int signals;
	struct stream in, out, err;
	bool stdin_told, pipe_told; /* what the agent has been told already */
	bool ready, ended;	    /* CMD was started; CMD ended, and this is how: */
	struct lab_message last;
	bool deaf; /* the control channel has ended */
	bool gone; /* the machine's log has, so the emulator is no more */
	int interrupted;
	int64_t asked_to_end; /* when, in now_ms() */
	char log[LOG_KEPT + 1];
	size_t log_n;
};

static void tell(struct session *session, uint32_t kind, uint32_t value, uint64_t in)
{
	struct lab_message message = {.kind = kind, .value = value, .in = in};

	/* Fails where the machine has died, of which its log tells. */
	send(session->machine->channel[LAB_CONTROL], &message, sizeof(message), MSG_NOSIGNAL);
}

static void hear(struct session *session)
{
	struct lab_message message;
	ssize_t n = recv(session->machine->channel[LAB_CONTROL], &message, sizeof(message),
			 MSG_WAITALL);

	if (n != sizeof(message)) {
		/* The machine is ending; its log will say why. */
		session->deaf = true;
	} else if (message.kind == LAB_READY) {
		session->ready = true;
	} else if (message.kind == LAB_STATUS) {
		session->ended = true;
		session->last = message;
	}
}

/* Whether this asks a second time for the end: the command did not listen, or the lab hangs. */
static bool insists(struct session *session, int number)
{
	int64_t now = now_ms(), since = now - session->asked_to_end;

	if ((number != SIGINT && number != SIGTERM) || since < INSIST_AFTER)
		return false;
	session->asked_to_end = now;
	return since <= INSIST_WITHIN;
}

static void pass_signal(struct session *session)
{
	struct signalfd_siginfo info;

	if (read(session->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (!session->ready || insists(session, info.ssi_signo))
		session->interrupted = info.ssi_signo;
	else
		tell(session, LAB_SIGNAL, info.ssi_signo, 0);
}

/* Keeps the latest half when it is full. */
static void keep_log(struct session *session)
{
	ssize_t n;

	if (session->log_n == LOG_KEPT) {
		memmove(session->log, session->log + LOG_KEPT / 2, LOG_KEPT / 2);
		session->log_n = LOG_KEPT / 2;
	}
	n = read(session->machine->log, session->log + session->log_n, LOG_KEPT - session->log_n);
	if (n <= 0) {
		session->gone = true;
		return;
	}
	if (session->options->verbose)
		fwrite(session->log + session->log_n, 1, n, stderr);
	session->log_n += n;
	session->log[session->log_n] = 0;
}

/* What the agent must learn of our own standard streams. */
static void tell_ends(struct session *session)
{
	if (stream_done(&session->in) && !session->stdin_told) {
		tell(session, LAB_STDIN_ENDED, 0, session->in.given);
		session->stdin_told = true;
	}
	if ((session->out.broken || session->err.broken) && !session->pipe_told) {
		tell(session, LAB_SIGNAL, SIGPIPE, 0);
		session->pipe_told = true;
	}
}

static bool finished(const struct session *session)
{
	return session->ended && session->out.given >= session->last.out &&
	       session->err.given >= session->last.err;
}

/* Returns false when the deadline has passed. */
static bool carry(struct session *session)
{
	int64_t end = now_ms() + session->options->deadline * 1000LL;

	while (!session->gone && !session->interrupted && !finished(session)) {
		struct pollfd fds[FDS] = {
			[CONTROL] = {.fd = session->deaf ? -1
							 : session->machine->channel[LAB_CONTROL],
				     .events = POLLIN},
			[SIGNALS] = {.fd = session->signals, .events = POLLIN},
			[LOG] = {.fd = session->machine->log, .events = POLLIN},
			[STDIN] = stream_poll(&session->in),
			[STDOUT] = stream_poll(&session->out),
			[STDERR] = stream_poll(&session->err),
		};
		int64_t left = end - now_ms();

		if (left <= 0)
			return false;
		if (poll(fds, FDS, left > INT_MAX ? INT_MAX : left) < 0)
			continue;
		if (fds[SIGNALS].revents)
			pass_signal(session);
		if (fds[LOG].revents)
			keep_log(session);
		if (fds[CONTROL].revents)
			hear(session);
		stream_move(&session->in, fds[STDIN].revents);
		stream_move(&session->out, fds[STDOUT].revents);
		stream_move(&session->err, fds[STDERR].revents);
		tell_ends(session);
	}
	return true;
}

/* The line that starts with one of these, else the last one; cut out of the log. */
static char *reason(char *log)
{
	static const char *const starts[] = {"Kernel panic - not syncing: ", "\nlab: "};
	char *line = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(starts) && !line; i++)
		if ((line = strstr(log, starts[i])))
			line += i ? strlen(starts[i]) : 0;
	if (line) {
		line[strcspn(line, "\r\n")] = 0;
		return line;
	}
	for (size_t n = strlen(log); n && strchr("\r\n ", log[n - 1]); n--)
		log[n - 1] = 0;
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}

/* status: of the emulator, as waitpid() gives it, when it ended by itself. */
static void name_failure(struct session *session, int status)
{
	const char *when = session->ready ? "while the command ran" : "before the command ran";
	const char *more = session->options->verbose ? "" : " (--verbose shows its console)";
	const char *why;

	why = reason(session->log);
	why = *why ? why : "it said nothing";
	if (WIFSIGNALED(status))
		pr_err("lab: the emulator was killed by signal %d (%s) %s: %s%s", WTERMSIG(status),
		       strsignal(WTERMSIG(status)), when, why, more);
	else
		pr_err("lab: the emulated host ended %s: %s%s", when, why, more);
}

int lab_session(struct lab_machine *machine, const struct lab_options *options, int signals)
{
	static struct session session;
	bool in_time;
	int status;

	session.machine = machine;
	session.options = options;
	session.signals = signals;
	session.in = (struct stream){.from = STDIN_FILENO,
				     .to = machine->channel[LAB_STDIN],
				     .chunk = sizeof(session.in.buffer)};
	session.out = (struct stream){
		.from = machine->channel[LAB_STDOUT], .to = STDOUT_FILENO, .chunk = PIPE_BUF};
	session.err = (struct stream){
		.from = machine->channel[LAB_STDERR], .to = STDERR_FILENO, .chunk = PIPE_BUF};
	fcntl(machine->channel[LAB_STDIN], F_SETFL, O_NONBLOCK);
	session.in.ended = session.stdin_told = options->no_input;
	in_time = carry(&session);

	status = lab_machine_stop(machine);
	if (finished(&session))
		return session.last.value;
	if (session.interrupted)
		return 128 + session.interrupted;
	if (in_time)
		name_failure(&session, status);
	else
		pr_err("lab: the deadline of %d s passed %s; --deadline sets it", options->deadline,
		       session.ready ? "while the command ran" : "before the command ran");
	return EXIT_FAILED;
}
