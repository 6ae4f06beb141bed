// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `exitlab gpumem`: who allocates and frees memory of the GPU, by probes on libcuda. The kernel's
 * programs send an event a call; here they are added up, and shown when asked for.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "gpumem_account.h"
#include "gpumem_command.h"
#include "gpumem_csv.h"
#include "gpumem_leaks.h"
#include "gpumem_metrics.h"
#include "gpumem_openmetrics.h"
#include "gpumem_options.h"
#include "gpumem_probe.h"
#include "gpumem_stacks.h"
#include "gpumem_text.h"
#include "json_file.h"
#include "stop_signals.h"
#include "util.h"
#include "whole_file.h"

#define READ_EVERY_MS	 100 /* at full rate the buffer of 16 MiB is full after 350 ms */
#define SUMMARY_EVERY_MS 1000

struct gpumem {
	struct gpumem_options options;
	struct gpumem_library library;
	struct gpumem_command command;
	struct gpumem_probe *probe;
	struct gpumem_metrics *metrics; /* NULL: none */
	struct gpumem_accounts accounts;
	struct gpumem_stacks stacks; /* where they are asked for */
	FILE *out;
	int64_t start;
	int signals; /* a descriptor: SIGINT and the like */
};

static void take(void *context, const void *record)
{
	struct gpumem *gpumem = context;
	bool stacks = gpumem->options.scope.stacks;
	struct gpumem_event event = {0};

	memcpy(&event, record, stacks ? sizeof(event) : GPUMEM_EVENT_BYTES);
	if (event.type == GPUMEM_STACK) {
		gpumem_stacks_take(&gpumem->stacks, record);
		return;
	}
	if (stacks)
		gpumem_stacks_heed(&gpumem->stacks, &event);
	gpumem_accounts_take(&gpumem->accounts, &event);
	if (gpumem->options.events && gpumem->options.csv)
		gpumem_csv_event(gpumem->out, &event);
	else if (gpumem->options.events)
		gpumem_print_event(gpumem->out, &event, gpumem->options.json);
}

/* 0, or -1 with one line on stderr. */
static int read_events(struct gpumem *gpumem)
{
	if (gpumem->options.scope.summary_only)
		return gpumem_probe_read_summary(gpumem->probe, &gpumem->accounts);
	if (gpumem_probe_read(gpumem->probe, take, gpumem) < 0)
		return -1;
	if (!gpumem->options.events || (!fflush(gpumem->out) && !ferror(gpumem->out)))
		return 0;
	pr_err("cannot write the events: %s", strerror(errno));
	return -1;
}

static double seconds(const struct gpumem *gpumem)
{
	return (now_ms() - gpumem->start) / 1e3;
}

/* Whether it went well. */
static bool show_interval(struct gpumem *gpumem)
{
	struct gpumem_lost lost;

	gpumem_probe_lost(gpumem->probe, &lost);
	if (gpumem->options.csv) {
		gpumem_csv_rows(gpumem->out, &gpumem->accounts, &lost);
		return !fflush(gpumem->out) && !ferror(gpumem->out);
	}
	if (isatty(STDOUT_FILENO))
		printf("\033[H\033[J");
	printf("%s, %.1f s\n", gpumem->library.path, seconds(gpumem));
	gpumem_print_table(stdout, &gpumem->accounts, gpumem->options.top);
	gpumem_print_lost(stdout, &lost);
	printf("\n");
	return !fflush(stdout) && !ferror(stdout);
}

/* Where it is asked for: into the object, or without one as text. */
static void report_leaks(struct gpumem *gpumem, FILE *out, json_t *object)
{
	const struct gpumem_options *options = &gpumem->options;
	const struct gpumem_stacks *stacks = options->scope.stacks ? &gpumem->stacks : NULL;
	struct gpumem_leaks leaks;

	if (!options->leaks)
		return;
	gpumem_leaks_begin(&leaks, &gpumem->accounts);
	if (object)
		json_object_set_new(
			object, "leaks",
			gpumem_leaks_json(&leaks, stacks,
					  options->top_given ? (size_t)options->top : SIZE_MAX));
	else
		gpumem_leaks_print(out, &leaks, stacks, options->top);
	gpumem_leaks_end(&leaks);
}

/* A descriptor that becomes readable every so many seconds, never for 0. */
static int timer(double period)
{
	struct timespec time = {period, (period - (time_t)period) * 1e9};
	struct itimerspec spec = {time, time};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		die("timerfd: %s", strerror(errno));
	return fd;
}

enum watched { EVENTS, PROCESS, SIGNAL, DURATION, INTERVAL, METRICS };

static void watch(int all, int fd, enum watched what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = what};

	/* With the buffer it is enough to hear once that it fills; it is read anyway. */
	if (what == EVENTS)
		event.events |= EPOLLET;
	if (fd >= 0 && epoll_ctl(all, EPOLL_CTL_ADD, fd, &event))
		die("epoll: %s", strerror(errno));
}

/* The first signal goes to the command, which may end in its way; whether to end now. */
static bool heed_signal(struct gpumem *gpumem, int *signals_seen)
{
	struct signalfd_siginfo signal;

	if (read(gpumem->signals, &signal, sizeof(signal)) != sizeof(signal))
		return false;
	if (signal.ssi_signo == SIGUSR1) {
		report_leaks(gpumem, stderr, NULL);
		return false;
	}
	if (!gpumem->command.process || (*signals_seen)++)
		return true;
	kill(gpumem->command.process, signal.ssi_signo);
	return false;
}

/* One turn; whether it was the last. */
static bool heed(struct gpumem *gpumem, int interval, enum watched what, int *signals_seen)
{
	uint64_t ticks;

	switch (what) {
	case EVENTS:
	case METRICS:
		return false;
	case SIGNAL:
		return heed_signal(gpumem, signals_seen);
	case INTERVAL:
		return read(interval, &ticks, sizeof(ticks)) == sizeof(ticks) &&
		       !show_interval(gpumem);
	case PROCESS:
	case DURATION:
		break;
	}
	return true;
}

/* Until what is traced ends, the duration is over or a signal asks to stop. */
static int trace(struct gpumem *gpumem, int process)
{
	int all = epoll_create1(EPOLL_CLOEXEC), signals_seen = 0, failed = 0;
	int every_ms = gpumem->options.scope.summary_only ? SUMMARY_EVERY_MS : READ_EVERY_MS;
	int duration = timer(gpumem->options.duration), interval = timer(gpumem->options.interval);
	struct epoll_event events[8];
	int wait_ms = every_ms;
	bool done = false;

	watch(all, gpumem_probe_fd(gpumem->probe), EVENTS);
	watch(all, process, PROCESS);
	watch(all, gpumem->signals, SIGNAL);
	watch(all, duration, DURATION);
	watch(all, interval, INTERVAL);
	watch(all, gpumem_metrics_fd(gpumem->metrics), METRICS);
	while (!done && !failed) {
		int number = epoll_wait(all, events, ARRAY_SIZE(events), wait_ms);

		failed = read_events(gpumem);
		for (int i = 0; i < number; i++)
			done |= heed(gpumem, interval, events[i].data.u32, &signals_seen);
		wait_ms = gpumem_metrics_turn(gpumem->metrics, every_ms);
	}
	close(all);
	close(duration);
	close(interval);
	/* What is on its way when a probe is removed has arrived when the removal returns. */
	gpumem_probe_stop(gpumem->probe);
	if (!failed)
		failed = read_events(gpumem);
	if (!gpumem->options.scope.summary_only)
		gpumem_accounts_sweep(&gpumem->accounts);
	return failed;
}

/* The page for scrapers; what has happened until now has been read. */
static void print_metrics(void *context, FILE *out)
{
	struct gpumem *gpumem = context;
	struct gpumem_openmetrics figures = {
		.accounts = &gpumem->accounts,
		.libcuda = gpumem->library.path,
		.summary_only = gpumem->options.scope.summary_only,
	};

	gpumem_probe_lost(gpumem->probe, &figures.lost);
	gpumem_probe_traffic(gpumem->probe, &figures.traffic);
	gpumem_openmetrics_print(&figures, out);
}

static void print_totals(struct gpumem *gpumem, double traced)
{
	const struct gpumem_options *options = &gpumem->options;
	struct gpumem_lost lost;
	json_t *object;

	gpumem_probe_lost(gpumem->probe, &lost);
	if (options->csv && !options->events) {
		gpumem_csv_rows(gpumem->out, &gpumem->accounts, &lost);
		return;
	}
	if (!options->json) {
		/* Among the rows of events a table would be none of them. */
		FILE *out = options->csv ? stderr : gpumem->out;

		if (options->interval && isatty(STDOUT_FILENO)) /* in place of the live table */
			printf("\033[H\033[J");
		fprintf(out, "%s, %.1f s\n", gpumem->library.path, traced);
		gpumem_print_table(out, &gpumem->accounts, options->top);
		gpumem_print_lost(out, &lost);
		report_leaks(gpumem, out, NULL);
		return;
	}
	object = gpumem_json(&gpumem->accounts, &lost, gpumem->library.path, traced);
	report_leaks(gpumem, NULL, object);
	if (options->events) { /* one object a line */
		json_dumpf(object, gpumem->out, JSON_COMPACT);
		fprintf(gpumem->out, "\n");
	} else {
		json_file_print(object, gpumem->out);
	}
	json_decref(object);
}

/* What is traced by its process, and its end; -1: nothing that ends. */
static int begin(struct gpumem *gpumem, int *process)
{
	pid_t target = gpumem->options.scope.process;
	char **words = gpumem->options.command;

	*process = -1;
	if (target)
		*process = pidfd_open(target, 0);
	if (target && *process < 0) {
		pr_err("process %d: %s", target, strerror(errno));
		return EXIT_FAILED;
	}
	gpumem->start = now_ms();
	if (words)
		return gpumem_command_begin(&gpumem->command, words[0]) ? EXIT_FAILED : EXIT_OK;
	fprintf(stderr, "exitlab: tracing %s\n", gpumem->library.path);
	return EXIT_OK;
}

static int trace_and_print(struct gpumem *gpumem)
{
	int process, code = begin(gpumem, &process);
	double traced;

	if (code)
		return code;
	if (gpumem->options.csv)
		gpumem_csv_header(gpumem->out, gpumem->options.events);
	code = trace(gpumem, process) ? EXIT_FAILED : EXIT_OK;
	traced = seconds(gpumem);
	if (gpumem_library_is_replaced(&gpumem->library))
		pr_warn("%s was replaced meanwhile: what loaded the new file was not traced",
			gpumem->library.path);
	if (!code)
		print_totals(gpumem, traced);
	if (process >= 0)
		close(process);
	return code;
}

/* The same, with its output where it is wanted. */
static int trace_into_output(struct gpumem *gpumem)
{
	const char *output = gpumem->options.output;
	struct whole_file file;
	int code;

	gpumem->out = output ? whole_file_begin(&file, "%s", output) : stdout;
	if (!gpumem->out) {
		gpumem_command_drop(&gpumem->command);
		return whole_file_end(&file) ? EXIT_FAILED : EXIT_OK;
	}
	code = trace_and_print(gpumem);
	if (output && code)
		whole_file_abandon(&file);
	if (output)
		return code ?: whole_file_end(&file) ? EXIT_FAILED : EXIT_OK;
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	pr_err("cannot write the totals: %s", strerror(errno));
	return EXIT_FAILED;
}

int cmd_gpumem(int argc, char **argv)
{
	static struct gpumem gpumem;
	struct gpumem_options *options = &gpumem.options;
	int code, ended;

	gpumem_options_parse(options, argc, argv);
	code = gpumem_library_find(&gpumem.library, options->libcuda, options->scope.process);
	if (code)
		return code;
	if (options->metrics.ss_family) {
		gpumem.metrics =
			gpumem_metrics_open(&options->metrics, print_metrics, &gpumem, &code);
		if (!gpumem.metrics)
			return code;
	}
	/* Who reads no more is told by the write that fails, so that nothing is left behind. */
	signal(SIGPIPE, SIG_IGN);
	gpumem.signals = stop_signals(SIGUSR1);
	gpumem_accounts_begin(&gpumem.accounts);
	if (options->leaks)
		gpumem.accounts.leaks_older = options->older * 1e9;
	if (options->command) {
		if (gpumem_command_prepare(&gpumem.command, options->command))
			return EXIT_FAILED;
		options->scope.process = gpumem.command.process;
		options->scope.follow = true;
	}
	gpumem.probe = gpumem_probe_open(&gpumem.library, &options->scope, &code);
	if (gpumem.probe)
		code = trace_into_output(&gpumem);
	else
		gpumem_command_drop(&gpumem.command);
	ended = options->command ? gpumem_command_end(&gpumem.command, options->command[0])
				 : EXIT_OK;
	gpumem_metrics_close(gpumem.metrics);
	gpumem_probe_close(gpumem.probe);
	gpumem_accounts_end(&gpumem.accounts);
	gpumem_stacks_end(&gpumem.stacks);
	return code ?: ended;
}
