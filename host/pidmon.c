// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab pidmon: what a tracer, or any other process, costs while it runs. Writes CPU, memory and
 * disk of processes as rows of CSV, at a steady pace, until they end.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <jansson.h>

#include "commands.h"
#include "option_number.h"
#include "pidmon.h"
#include "stop_signals.h"
#include "util.h"

#define INTERVAL_LEAST 0.01
#define INTERVAL_MOST  86400
#define DURATION_MOST  1e9

struct monitor {
	/* What was asked for. */
	pid_t *pids;
	size_t pid_count;
	double interval, duration; /* seconds; no duration: until the processes end */
	const char *output, *description;
	bool children, json;

	struct process **processes;
	size_t count;
	int ends;      /* an epoll of their pidfds */
	long rows;     /* written */
	uint64_t late; /* moments that passed without rows, since this process did not run */
	bool io_warned, files_warned;
	struct pidmon_output rows_to;
};

enum { OPTION_PIDS = 256, OPTION_DESCRIPTION, OPTION_CHILDREN };

static const struct argp_option option_table[] = {
	{"pids", 'p', "PID,...", 0, "the processes", 0},
	{"interval", 'i', "SECONDS", 0, "from row to row of a process, 0.01 to 86400 [1]", 0},
	{"duration", 'd', "SECONDS", 0, "end after this time [when the processes end]", 0},
	{"output", 'o', "FILE", 0, "where the rows go, after those there [standard output]", 0},
	{"desc", OPTION_DESCRIPTION, "TEXT", 0, "the column description of every row [empty]", 0},
	{"children", OPTION_CHILDREN, 0, 0, "follow their children, and those of these", 0},
	{"json", 'j', 0, 0, "a JSON object a line instead of CSV", 0},
	{0},
};

static void parse_pids(struct monitor *monitor, char *list, struct argp_state *state)
{
	for (char *word; (word = strsep(&list, ","));) {
		pid_t pid = option_number(word, 1, INT_MAX, "--pids", state);

		for (size_t i = 0; i < monitor->pid_count; i++)
			if (monitor->pids[i] == pid)
				argp_error(state, "--pids: %d is there twice", pid);
		monitor->pids = reallocarray(monitor->pids, monitor->pid_count + 1, sizeof(pid));
		if (!monitor->pids)
			die("no memory");
		monitor->pids[monitor->pid_count++] = pid;
	}
}

/* A description has to stay in its line, and to be text for JSON too. */
static const char *parse_description(const char *text, struct argp_state *state)
{
	json_t *string = json_string(text);

	if (!string || strpbrk(text, "\r\n"))
		argp_error(state, "--desc: one line of UTF-8, please");
	json_decref(string);
	return text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct monitor *monitor = state->input;

	switch (key) {
	case 'p':
		parse_pids(monitor, argument, state);
		return 0;
	case 'i':
		monitor->interval = option_seconds(argument, INTERVAL_LEAST, INTERVAL_MOST,
						   "--interval", state);
		return 0;
	case 'd':
		monitor->duration = option_seconds(argument, INTERVAL_LEAST, DURATION_MOST,
						   "--duration", state);
		return 0;
	case 'o':
		monitor->output = argument;
		return 0;
	case OPTION_DESCRIPTION:
		monitor->description = parse_description(argument, state);
		return 0;
	case OPTION_CHILDREN:
		monitor->children = true;
		return 0;
	case 'j':
		monitor->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no argument expected: %s", argument);
		return 0;
	case ARGP_KEY_END:
		if (!monitor->pid_count)
			argp_error(state, "which processes? --pids PID,...");
		if (monitor->duration && monitor->duration < monitor->interval)
			argp_error(state, "--duration is shorter than --interval: no row");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.doc = "Write CPU, memory and disk of processes as CSV, a row for each and interval."
	       "\vEnds when all of the processes have ended, after --duration or on Ctrl-C. The first "
	       "row comes one interval after the start; an empty field was not measured.",
};

static bool is_watched(const struct monitor *monitor, pid_t pid)
{
	for (size_t i = 0; i < monitor->count; i++)
		if (monitor->processes[i]->pid == pid)
			return true;
	return false;
}

/* Watches one more process; exit codes and why as process_open(). */
static int watch(struct monitor *monitor, pid_t pid, pid_t parent, char *why, size_t size)
{
	struct process *process = malloc(sizeof(*process));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = process};
	int code;

	monitor->processes =
		reallocarray(monitor->processes, monitor->count + 1, sizeof(*monitor->processes));
	if (!process || !monitor->processes)
		die("no memory");
	code = process_open(process, pid, parent, why, size);
	if (!code && epoll_ctl(monitor->ends, EPOLL_CTL_ADD, process->pidfd, &event)) {
		snprintf(why, size, "cannot watch process %d: %s", pid, strerror(errno));
		process_close(process);
		code = EXIT_FAILED;
	}
	if (code) {
		free(process);
		return code;
	}
	process->named = !parent;
	if (process->before.read_bytes == NOT_MEASURED && !monitor->io_warned) {
		pr_warn("/proc/%d/io cannot be read, so the disk columns stay empty: run as root, "
			"on a kernel with CONFIG_TASK_IO_ACCOUNTING",
			pid);
		monitor->io_warned = true;
	}
	monitor->processes[monitor->count++] = process;
	return EXIT_OK;
}

struct family {
	struct monitor *monitor;
	pid_t parent;
};

/* This process would follow itself for ever. A child that has ended meanwhile is none. */
static void watch_child(pid_t child, void *context)
{
	struct family *family = context;
	struct monitor *monitor = family->monitor;
	char why[256];

	if (child == getpid() || is_watched(monitor, child))
		return;
	if (watch(monitor, child, family->parent, why, sizeof(why)) == EXIT_CANNOT &&
	    !monitor->files_warned) {
		pr_warn("a child is left out: %s", why);
		monitor->files_warned = true;
	}
}

/* The list grows meanwhile, by children whose turn comes, too. */
static void find_children(struct monitor *monitor)
{
	for (size_t i = 0; monitor->children && i < monitor->count; i++) {
		struct family family = {monitor, monitor->processes[i]->pid};

		process_children(monitor->processes[i], watch_child, &family);
	}
}

/* Marks those that the kernel says have ended. */
static void note_ends(struct monitor *monitor)
{
	struct epoll_event events[64];
	int count = epoll_wait(monitor->ends, events, ARRAY_SIZE(events), 0);

	for (int i = 0; i < count; i++)
		((struct process *)events[i].data.ptr)->ended = true;
}

static void drop_ended(struct monitor *monitor)
{
	size_t left = 0;

	for (size_t i = 0; i < monitor->count; i++) {
		struct process *process = monitor->processes[i];

		if (!process->ended) {
			monitor->processes[left++] = process;
			continue;
		}
		if (process->named && !process->rows)
			pr_warn("process %d (%s) ended before its first row", process->pid,
				process->before.name);
		process_close(process);
		free(process);
	}
	monitor->count = left;
}

/* The rows of one moment. EXIT_OK or EXIT_FAILED. */
static int write_rows(struct monitor *monitor)
{
	struct process_sample now;
	long rows = 0;
	int code;

	for (size_t i = 0; i < monitor->count; i++) {
		struct process *process = monitor->processes[i];

		if (process->ended || !process_sample(process, &now))
			continue;
		pidmon_output_row(&monitor->rows_to, process, &now);
		process->before = now;
		process->rows++;
		rows++;
	}
	code = pidmon_output_write(&monitor->rows_to);
	monitor->rows += code ? 0 : rows;
	return code;
}

/* A descriptor that becomes readable at every whole interval from now on, so without drift. */
static int timer(double interval)
{
	int64_t ns = llround(interval * 1e9);
	struct timespec time = {ns / 1000000000, ns % 1000000000};
	struct itimerspec spec = {time, time};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		die("timerfd: %s", strerror(errno));
	return fd;
}

/* Until all have ended, the duration is over, a signal asks to stop, or nothing can be written. */
static int run(struct monitor *monitor, int signals)
{
	enum { ENDS, SIGNAL, TIMER, WATCHED };
	struct pollfd watched[WATCHED] = {
		[ENDS] = {monitor->ends, POLLIN, 0},
		[SIGNAL] = {signals, POLLIN, 0},
		[TIMER] = {timer(monitor->interval), POLLIN, 0},
	};
	/* The rounding: 0.3 s are three times 0.1 s. */
	uint64_t most = monitor->duration / monitor->interval + 1e-6, moments = 0, passed;
	int code = EXIT_OK;

	while (monitor->count && !code && (!most || moments < most)) {
		if (poll(watched, WATCHED, -1) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (watched[ENDS].revents)
			note_ends(monitor);
		if (read(watched[TIMER].fd, &passed, sizeof(passed)) == sizeof(passed)) {
			moments += passed;
			monitor->late += passed - 1;
			code = write_rows(monitor);
			find_children(monitor);
		}
		drop_ended(monitor);
		if (watched[SIGNAL].revents)
			break;
	}
	close(watched[TIMER].fd);
	return code;
}

/* A process takes five files. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int watch_named(struct monitor *monitor)
{
	char why[256];

	monitor->ends = epoll_create1(EPOLL_CLOEXEC);
	if (monitor->ends < 0)
		die("epoll: %s", strerror(errno));
	for (size_t i = 0; i < monitor->pid_count; i++) {
		int code = watch(monitor, monitor->pids[i], 0, why, sizeof(why));

		if (code) {
			pr_err("%s", why);
			return code;
		}
	}
	find_children(monitor);
	return EXIT_OK;
}

static int finish(struct monitor *monitor, int code)
{
	if (monitor->late)
		pr_warn("%ju moments passed without rows: the host was busy, the output not read, or "
			"the interval too short",
			(uintmax_t)monitor->late);
	if (!monitor->rows && !code) {
		pr_err("it ended before the first row; a shorter --interval has one sooner");
		code = EXIT_FAILED;
	}
	return pidmon_output_close(&monitor->rows_to, monitor->rows) ?: code;
}

int cmd_pidmon(int argc, char **argv)
{
	static struct monitor monitor = {.interval = 1, .description = ""};
	int code, signals;

	argp_parse(&argp, argc, argv, 0, NULL, &monitor);
	if (monitor.children && !process_children_known())
		die_code(
			EXIT_CANNOT,
			"--children: the kernel has no CONFIG_PROC_CHILDREN, or /proc is not mounted");
	/* From here on a signal ends the rows, not the process; too large a file is an error. */
	signal(SIGXFSZ, SIG_IGN);
	signals = stop_signals(0);
	if (signals < 0)
		die("signalfd: %s", strerror(errno));
	allow_many_files();
	code = watch_named(&monitor);
	if (code)
		return code;
	if (pidmon_output_open(&monitor.rows_to, monitor.output, monitor.json, monitor.description,
			       signals))
		return EXIT_FAILED;
	fprintf(stderr, "exitlab: watching %zu process%s\n", monitor.count,
		monitor.count == 1 ? "" : "es");
	code = run(&monitor, signals);
	return finish(&monitor, code);
}
