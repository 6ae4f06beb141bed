// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tenants from outside: started by exec, spoken to with a deadline, reaped. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"
#include "surroundings.h"
#include "tenant.h"

#define START_DELAY 0.005 /* seconds from the last READY to the common start */
#define REAP_TIME   5.0	  /* seconds that the kernel may take to end a killed process */

static uint64_t deadline_in(const struct suite *suite, double seconds)
{
	return now_ns() + (uint64_t)((seconds + suite->options.patience) * SECOND);
}

/* In the new process. */
static void become_tenant(const struct suite *suite, enum surroundings where, int index, int fd)
{
	char number[16], place[16];
	char *arguments[10] = {"gpubench", "--tenant", number, "--place", place};
	int null = suite->options.quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	int last = 5;
	sigset_t none;

	/* Of the terminal: the coordinator, which blocks it, ends its tenants. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	/* What a library in it starts is of its group, and ends with it. */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null >= 0)
		dup2(null, 2);
	/* Standard output may be the record: what a library has to say does not go there. */
	dup2(2, 1);
	snprintf(number, sizeof(number), "%d", fd);
	snprintf(place, sizeof(place), "%d", where * TENANTS_MOST + index);
	if (suite->options.libcuda) {
		arguments[last++] = "--libcuda";
		arguments[last++] = (char *)suite->options.libcuda;
	}
	if (suite->options.preload && where == SYSTEM) {
		arguments[last++] = "--preload";
		arguments[last++] = (char *)suite->options.preload;
	}
	surroundings_enter(suite, where);
	execv("/proc/self/exe", arguments);
	_exit(127);
}

/* Has it ended, though it is not waited for yet? Then its number is still nobody else's. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

/* How a tenant ended, in words; it has, or is made to. What it leaves of its group ends, too. */
static void reap(struct handle *tenant, char *how, size_t size)
{
	uint64_t deadline = now_ns() + (uint64_t)(REAP_TIME * SECOND);
	int status = 0;

	close(tenant->fd);
	while (!has_ended(tenant->pid) && now_ns() < deadline) {
		usleep(1000);
		if (now_ns() > deadline - (uint64_t)(REAP_TIME * SECOND / 2))
			kill(tenant->pid, SIGKILL);
	}
	kill(-tenant->pid, SIGKILL);
	if (waitpid(tenant->pid, &status, WNOHANG) == 0)
		snprintf(how, size, "does not end, not even by SIGKILL (pid %d)", tenant->pid);
	else if (WIFSIGNALED(status))
		snprintf(how, size, "was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(how, size, "exited with %d", WEXITSTATUS(status));
	*tenant = (struct handle){0};
}

void tenant_kill(struct suite *suite, enum surroundings where, int index)
{
	struct handle *tenant = &suite->tenants[where][index];
	char how[128];

	if (!tenant->pid)
		return;
	kill(tenant->pid, SIGKILL);
	reap(tenant, how, sizeof(how));
}

/*
 * The next message of a tenant. false: it is gone, late or talks nonsense; then it has been killed
 * and outcome says so.
 */
static bool hear(struct suite *suite, enum surroundings where, int index, uint64_t deadline,
		 struct message *message, const char *doing, struct outcome *outcome)
{
	static const char *const faults[] = {
		[MESSAGE_LATE] = "its deadline passed",
		[MESSAGE_UNSOUND] = "what it said is no message",
		[MESSAGE_STOPPED] = "the run was stopped",
	};
	struct handle *tenant = &suite->tenants[where][index];
	char how[128];
	int got;

	if (!tenant->pid) {
		outcome_set(outcome, STATUS_FAILED, "tenant %d %s: it is gone", index, doing);
		return false;
	}
	got = message_receive(tenant->fd, message, deadline);
	if (got == MESSAGE_CAME)
		return true;
	if (got == MESSAGE_GONE) {
		reap(tenant, how, sizeof(how));
		outcome_set(outcome, STATUS_FAILED, "tenant %d %s: it %s", index, doing, how);
		return false;
	}
	tenant_kill(suite, where, index);
	outcome_set(outcome, STATUS_FAILED, "tenant %d %s: %s", index, doing, faults[got]);
	return false;
}

/* Statuses that a tenant gives itself. */
static enum status status_of(uint32_t type)
{
	return type == MESSAGE_INVALID				  ? STATUS_INVALID
	       : type == MESSAGE_WAIVED || type == MESSAGE_CANNOT ? STATUS_WAIVED
								  : STATUS_FAILED;
}

/* A message that is no progress: its status into the outcome; a broken tenant is killed. false. */
static bool refuse(struct suite *suite, enum surroundings where, int index,
		   const struct message *message, const char *doing, struct outcome *outcome)
{
	if (message->type != MESSAGE_CANNOT &&
	    (message->type < MESSAGE_WAIVED || message->type > MESSAGE_INVALID))
		outcome_set(outcome, STATUS_FAILED, "tenant %d %s: message %u is out of turn",
			    index, doing, message->type);
	else
		outcome_set(outcome, status_of(message->type), "%.*s", (int)message->size,
			    message->text);
	if (message->type != MESSAGE_WAIVED)
		tenant_kill(suite, where, index);
	return false;
}

static bool start(struct suite *suite, enum surroundings where, int index, struct outcome *outcome)
{
	struct handle *tenant = &suite->tenants[where][index];
	struct message message;
	int fds[2];

	if (tenant->pid)
		return true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds)) {
		outcome_set(outcome, STATUS_FAILED, "no socket for a tenant: %s", strerror(errno));
		return false;
	}
	fflush(NULL);
	tenant->pid = fork();
	if (tenant->pid < 0) {
		outcome_set(outcome, STATUS_FAILED, "no process for a tenant: %s", strerror(errno));
		tenant->pid = 0;
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	if (!tenant->pid) {
		int kept = dup(fds[1]); /* without close-on-exec */

		become_tenant(suite, where, index, kept);
	}
	close(fds[1]);
	tenant->fd = fds[0];
	if (!hear(suite, where, index, deadline_in(suite, 0), &message, "starting", outcome))
		return false;
	if (message.type != MESSAGE_HELLO) {
		refuse(suite, where, index, &message, "starting", outcome);
		tenant_kill(suite, where, index);
		return false;
	}
	if (!*suite->hello)
		snprintf(suite->hello, sizeof(suite->hello), "%.*s", (int)message.size,
			 message.text);
	return true;
}

bool tenant_prepare(struct suite *suite, enum surroundings where, int index,
		    const struct order *order, struct outcome *outcome)
{
	struct handle *tenant = &suite->tenants[where][index];
	uint64_t deadline;
	struct message message;

	if (!start(suite, where, index, outcome))
		return false;
	deadline = deadline_in(suite, 0);
	tenant->ordered = true;
	tenant->work = order->work;
	tenant->cap = order->cap;
	message_send(tenant->fd, MESSAGE_ORDER, order, sizeof(*order));
	for (;;) {
		if (!hear(suite, where, index, deadline, &message, works[order->work]->name,
			  outcome))
			return false;
		if (message.type == MESSAGE_READY)
			return true;
		if (message.type == MESSAGE_FACT) {
			outcome_fact(outcome, "%.*s", (int)message.size, message.text);
			continue;
		}
		refuse(suite, where, index, &message, works[order->work]->name, outcome);
		tenant_finish(suite, where, index);
		return false;
	}
}

/* Everything that one tenant says of one GO. */
static bool collect(struct suite *suite, const struct member *member, uint64_t deadline,
		    struct outcome *outcome)
{
	struct handle *tenant = &suite->tenants[member->where][member->index];
	const char *name = works[tenant->work]->name;
	size_t most = outcome->count + MESSAGE_SAMPLES_MOST;
	struct message message;

	for (;;) {
		if (!hear(suite, member->where, member->index, deadline, &message, name, outcome))
			return false;
		if (outcome->count > most) {
			tenant_kill(suite, member->where, member->index);
			outcome_set(outcome, STATUS_FAILED, "tenant %d %s: its samples do not end",
				    member->index, name);
			return false;
		}
		switch (message.type) {
		case MESSAGE_SAMPLES:
			for (size_t i = 0; i < message.size / sizeof(double); i++)
				outcome_add(outcome, message.samples[i]);
			break;
		case MESSAGE_FACT:
			outcome_fact(outcome, "%.*s", (int)message.size, message.text);
			break;
		case MESSAGE_RESULT:
			message.busy.throttled += outcome->busy.throttled;
			outcome->busy = message.busy;
			return true;
		default:
			return refuse(suite, member->where, member->index, &message, name, outcome);
		}
	}
}

uint64_t tenants_start(struct suite *suite, const struct member *members, int count, double seconds)
{
	struct window window = {0};
	double longest = seconds;
	uint64_t deadline;

	for (int i = 0; i < count; i++)
		if (!seconds && suite->tenants[members[i].where][members[i].index].cap > longest)
			longest = suite->tenants[members[i].where][members[i].index].cap;
	deadline = deadline_in(suite, longest);
	if (seconds) {
		window.start = now_ns() + (uint64_t)(START_DELAY * SECOND);
		window.end = window.start + (uint64_t)(seconds * SECOND);
	}
	for (int i = 0; i < count; i++) {
		const struct handle *tenant = &suite->tenants[members[i].where][members[i].index];

		if (tenant->pid)
			message_send(tenant->fd, MESSAGE_GO, &window, sizeof(window));
	}
	return deadline;
}

bool tenants_collect(struct suite *suite, const struct member *members, int count,
		     uint64_t deadline, struct outcome *outcomes)
{
	bool ok = true;

	for (int i = 0; i < count; i++)
		ok &= collect(suite, &members[i], deadline, &outcomes[i]);
	return ok;
}

bool tenants_go(struct suite *suite, const struct member *members, int count, double seconds,
		struct outcome *outcomes)
{
	uint64_t deadline = tenants_start(suite, members, count, seconds);

	return tenants_collect(suite, members, count, deadline, outcomes);
}

void tenant_finish(struct suite *suite, enum surroundings where, int index)
{
	struct handle *tenant = &suite->tenants[where][index];
	uint64_t deadline = deadline_in(suite, 0);
	struct outcome ignored = {0};
	struct message message;

	if (!tenant->pid || !tenant->ordered)
		return;
	tenant->ordered = false;
	message_send(tenant->fd, MESSAGE_FINISH, NULL, 0);
	while (tenant->pid && hear(suite, where, index, deadline, &message, "finishing", &ignored))
		if (message.type == MESSAGE_READY)
			return;
}

void tenants_dismiss(struct suite *suite)
{
	char how[128];

	/* The end of the stream ends a tenant; all of them at once. */
	for (int where = 0; where < SURROUNDINGS; where++)
		for (int i = 0; i < TENANTS_MOST; i++)
			if (suite->tenants[where][i].pid)
				shutdown(suite->tenants[where][i].fd, SHUT_RDWR);
	for (int where = 0; where < SURROUNDINGS; where++)
		for (int i = 0; i < TENANTS_MOST; i++)
			if (suite->tenants[where][i].pid)
				reap(&suite->tenants[where][i], how, sizeof(how));
}

bool suite_measure(struct suite *suite, enum surroundings where, const struct order *order,
		   struct outcome *outcome)
{
	const struct member one = {where, 0};
	bool ok = tenant_prepare(suite, where, 0, order, outcome) &&
		  tenants_go(suite, &one, 1, 0, outcome);

	tenant_finish(suite, where, 0);
	return ok;
}
