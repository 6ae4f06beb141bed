// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the emulated hosts have in common: channels, the kernel's command line, life and death. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../util.h"
#include "backend.h"

/*
 * No watchdog may bark, since a busy machine holds the lab up. Crypto is not what is tested here,
 * and its self-tests take a tenth of the boot.
 */
static const char kernel_arguments[] =
	"console=ttyS0,115200 quiet panic=-1 cgroup_no_v1=all random.trust_cpu=on "
	"cryptomgr.notests tsc=reliable nowatchdog rcupdate.rcu_cpu_stall_suppress=1 "
	"sysctl.kernel.hung_task_timeout_secs=0";

/*
 * Where memory lies must not change a path: hardened usercopy takes one instruction more in the
 * tail page of a slab, and which objects lie there differs from boot to boot, so slabs are single
 * pages; programs lie at the same addresses in every run.
 */
static const char insn_arguments[] = "slub_max_order=0 norandmaps";

char *lab_kernel_line(const struct lab_options *options, const char *more)
{
	char *line = NULL, *before;
	int n = asprintf(&line, "%s %s %s", kernel_arguments,
			 options->insn_clock ? insn_arguments : "", more);

	for (size_t i = 0; n >= 0 && i < options->append.n; i++) {
		before = line;
		n = asprintf(&line, "%s %s", before, options->append.word[i]);
		free(before);
	}
	if (n < 0)
		die("no memory");
	return line;
}

int lab_cpus(const struct lab_options *options)
{
	if (options->cpus)
		return options->cpus;
	return options->insn_clock ? 1 : 2;
}

void lab_channels(struct lab_machine *machine, int theirs[LAB_CHANNELS], int *log)
{
	int pair[2];

	for (int i = 0; i < LAB_CHANNELS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			die("lab: cannot make a channel: %s", strerror(errno));
		machine->channel[i] = pair[0];
		theirs[i] = pair[1];
	}
	if (pipe2(pair, O_CLOEXEC))
		die("lab: cannot make a channel: %s", strerror(errno));
	machine->log = pair[0];
	*log = pair[1];
}

void lab_child(pid_t parent, int at_its_end)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, at_its_end);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

pid_t lab_spawn(const struct lab_start *start)
{
	pid_t self = getpid(), pid = fork();
	int null;

	if (pid)
		return pid;
	lab_child(self, SIGKILL);
	null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	dup2(start->out, STDOUT_FILENO);
	dup2(start->err, STDERR_FILENO);
	for (const int *fd = start->keep; *fd >= 0; fd++)
		fcntl(*fd, F_SETFD, 0);
	if (start->alone && unshare(CLONE_NEWNET))
		unshare(CLONE_NEWUSER | CLONE_NEWNET);
	execvp(start->words[0], start->words);
	dprintf(STDERR_FILENO, "%s: %s\n", start->words[0], strerror(errno));
	_exit(127);
}

/* A process of ours, 0: none. */
static int end(pid_t pid)
{
	int status = 0;

	if (pid <= 0)
		return 0;
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

int lab_machine_stop(struct lab_machine *machine)
{
	int status = end(machine->emulator);

	end(machine->relay);
	for (int i = 0; i < LAB_CHANNELS; i++)
		close(machine->channel[i]);
	close(machine->log);
	return status;
}
