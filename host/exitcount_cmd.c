// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `exitlab exitcount`: attach to a running QEMU (or any other user of /dev/kvm) and show its exits
 * by reason while it runs, and how long they took.
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "exitcount_table.h"
#include "option_number.h"
#include "stop_signals.h"
#include "util.h"

struct options {
	pid_t pid;
	double duration; /* seconds; 0: until the process ends */
	double interval; /* seconds; 0: no live table */
	bool json;
	unsigned int flags; /* EXITCOUNT_*; none: EXITCOUNT_LATENCY */
};

static const struct argp_option option_list[] = {
	{"pid", 'p', "PID", 0, "the process that runs the virtual machine", 0},
	{"duration", 'd', "SECONDS", 0, "end after this time [when the process ends]", 0},
	{"interval", 'i', "SECONDS", 0,
	 "refresh the live table so often; 0 for none [1 on a terminal, else 0]", 0},
	{"json", 'j', 0, 0, "print the totals as JSON (schema exitlab-proof/1)", 0},
	{"markers", 'm', 0, 0, "count into rows that the guest opens on port 0xea; no latency", 0},
	{"lean", 'l', 0, 0,
	 "cost the guest least: no latency, and of what kvm_exit tells no events", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'p':
		options->pid = option_number(argument, 1, INT_MAX, "--pid", state);
		return 0;
	case 'd':
		options->duration = option_seconds(argument, 0, 1e9, "--duration", state);
		return 0;
	case 'i':
		options->interval = option_seconds(argument, 0, 1e9, "--interval", state);
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case 'm':
		options->flags |= EXITCOUNT_MARKERS;
		return 0;
	case 'l':
		options->flags |= EXITCOUNT_LEAN;
		return 0;
	case ARGP_KEY_END:
		if (!options->pid)
			argp_error(state, "which process? -p PID");
		if (!options->flags)
			options->flags = EXITCOUNT_LATENCY;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list,
	parse,
	NULL,
	"Counts the VM exits of a running process by reason, its userspace exits, and the time from "
	"each exit to the next entry.\v"
	"Ends when the process ends, after --duration or on Ctrl-C, and prints the totals. Needs "
	"root, or CAP_BPF and CAP_PERFMON, and CAP_SYS_ADMIN where kvm is a module.",
	NULL,
	NULL,
	NULL};

/* Whether a virtual machine is among the process's descriptors; -1 with errno when it is secret. */
static int has_vm(pid_t pid)
{
	char path[64], target[64];
	struct dirent *entry;
	int found = 0;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds)
		return -1;
	while (found != 1 && (entry = readdir(fds))) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (length < 0 && errno == EACCES)
			found = -1;
		if (length < 0)
			continue;
		target[length] = 0;
		if (!strcmp(target, "anon_inode:kvm-vm"))
			found = 1;
	}
	closedir(fds);
	if (found < 0)
		errno = EACCES;
	return found;
}

/* EXIT_OK when there is something to count in the process; else says what is wrong. */
static int check_process(pid_t pid)
{
	switch (has_vm(pid)) {
	case 1:
		return EXIT_OK;
	case 0:
		pr_err("process %d has no KVM virtual machine (QEMU needs -accel kvm)", pid);
		return EXIT_FAILED;
	}
	if (errno == ENOENT) {
		pr_err("no process %d", pid);
		return EXIT_FAILED;
	}
	pr_err("cannot look into process %d: %s; run as root", pid, strerror(errno));
	return EXIT_CANNOT;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* A descriptor that becomes readable every so many seconds, never for 0. */
static int timer(double seconds)
{
	struct timespec time = {seconds, (seconds - floor(seconds)) * 1e9};
	struct itimerspec spec = {time, time};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		die("timerfd: %s", strerror(errno));
	return fd;
}

static void show_interval(const struct exitcount *counter, struct exitcount_row *before,
			  double *since, double start)
{
	struct exitcount_row total;
	double time = now();

	exitcount_total(counter, &total);
	if (isatty(STDOUT_FILENO))
		printf("\033[H\033[J");
	printf("process %d, %.1f s\n", exitcount_process(counter), time - start);
	table_of_counts(stdout, exitcount_vendor(counter), &total, before, time - *since);
	printf("\n");
	fflush(stdout);
	*before = total;
	*since = time;
}

/* Until the process ends, the duration is over or a signal asks to stop. */
static void watch(const struct exitcount *counter, const struct options *options, int pidfd,
		  int signals)
{
	enum { PROCESS, SIGNAL, DURATION, INTERVAL, WATCHED };
	struct pollfd watched[WATCHED] = {
		[PROCESS] = {pidfd, POLLIN, 0},
		[SIGNAL] = {signals, POLLIN, 0},
		[DURATION] = {timer(options->duration), POLLIN, 0},
		[INTERVAL] = {timer(options->interval), POLLIN, 0},
	};
	struct exitcount_row before = {0};
	double start = now(), since = start;
	__u64 ticks;

	for (;;) {
		if (poll(watched, WATCHED, -1) < 0 && errno != EINTR)
			break;
		if (watched[PROCESS].revents || watched[SIGNAL].revents ||
		    watched[DURATION].revents)
			break;
		if (watched[INTERVAL].revents &&
		    read(watched[INTERVAL].fd, &ticks, sizeof(ticks)) == sizeof(ticks))
			show_interval(counter, &before, &since, start);
	}
	close(watched[DURATION].fd);
	close(watched[INTERVAL].fd);
}

static int show_totals(struct exitcount *counter, const struct options *options, double seconds)
{
	struct exitcount_row total;
	int vendor = exitcount_vendor(counter);

	if (options->json) {
		json_t *object = exitcount_json(counter);
		int failed = json_dumpf(object, stdout, JSON_INDENT(2));

		json_decref(object);
		printf("\n");
		return failed ? EXIT_FAILED : EXIT_OK;
	}
	exitcount_total(counter, &total);
	printf("totals of %.1f s\n", seconds);
	table_of_counts(stdout, vendor, &total, NULL, seconds);
	if (options->flags & EXITCOUNT_MARKERS)
		table_of_rows(stdout, counter);
	if (options->flags & EXITCOUNT_LATENCY)
		table_of_latency(stdout, counter);
	if (vendor == VENDOR_OTHER)
		printf("kvm_exit has not fired: either no exit, or this KVM has no such event; then "
		       "kvm_pio and its like are all there is\n");
	return EXIT_OK;
}

int cmd_exitcount(int argc, char **argv)
{
	struct options options = {.interval = isatty(STDOUT_FILENO)};
	struct exitcount *counter;
	int code, pidfd, signals;
	char why[512];
	double start;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	code = check_process(options.pid);
	if (code)
		return code;
	if (options.json)
		options.interval = 0;

	/* From here on a signal ends the counting, not the process. */
	signals = stop_signals(0);
	counter = exitcount_open(options.pid, options.flags, why, sizeof(why));
	if (!counter) {
		code = errno == EPERM || errno == ENOTSUP ? EXIT_CANNOT : EXIT_FAILED;
		pr_err("%s", why);
		return code;
	}
	pidfd = syscall(SYS_pidfd_open, exitcount_process(counter), 0);
	if (signals < 0 || pidfd < 0) {
		pr_err("cannot watch process %d: %s", options.pid, strerror(errno));
		exitcount_close(counter);
		return EXIT_FAILED;
	}
	start = now();
	fprintf(stderr, "exitlab: counting the exits of process %d\n", exitcount_process(counter));
	watch(counter, &options, pidfd, signals);
	code = show_totals(counter, &options, now() - start);
	exitcount_close(counter);
	close(pidfd);
	close(signals);
	return code;
}
