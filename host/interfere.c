// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab interfere: a neighbour nobody wants, to see what isolation keeps out and whether a report
 * card names what it does not. Each kind of interference is a thread of this process.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "option_number.h"
#include "stop_signals.h"
#include "util.h"

static struct {
	long cpu, hz, seconds;
	const char *file;
} options;

static atomic_bool stop;

/* What a thread has done so far, in its own words. */
typedef unsigned long long interference(atomic_bool *ready);

static unsigned long long busy(atomic_bool *ready)
{
	unsigned long long rounds = 0;

	for (*ready = true; !stop; rounds++)
		for (volatile int i = 0; i < 1000; i++)
			;
	return rounds;
}

static void add_ns(struct timespec *time, long ns)
{
	time->tv_nsec += ns;
	while (time->tv_nsec >= 1000000000) {
		time->tv_nsec -= 1000000000;
		time->tv_sec++;
	}
}

static unsigned long long timers(atomic_bool *ready)
{
	unsigned long long expired = 0;
	struct timespec next;

	prctl(PR_SET_TIMERSLACK, 1);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (*ready = true; !stop; expired++) {
		add_ns(&next, 1000000000 / options.hz);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return expired;
}

/* The busy thread shares our memory: every page taken away is an interrupt on its CPU. */
static unsigned long long shootdowns(atomic_bool *ready)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long long taken = 0;

	if (page == MAP_FAILED)
		die("no memory for a page");
	for (*ready = true; !stop; taken++) {
		*page = 1;
		madvise(page, 4096, MADV_DONTNEED);
		if (taken % 16 == 0)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	munmap(page, 4096);
	return taken;
}

/* Reads what the page cache must not keep: the disk's interrupts, wherever they are sent. */
static unsigned long long reads(atomic_bool *ready)
{
	static char data[65536];
	unsigned long long bytes = 0;
	int fd = open(options.file, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		die("%s: %s; --read names a file", options.file, strerror(errno));
	for (*ready = true; !stop;) {
		got = read(fd, data, sizeof(data));
		if (got > 0) {
			bytes += got;
			continue;
		}
		if (got < 0)
			die("%s: %s; --read names a file", options.file, strerror(errno));
		lseek(fd, 0, SEEK_SET);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	close(fd);
	return bytes;
}

enum { KIND_BUSY, KIND_TIMERS, KIND_SHOOTDOWNS, KIND_READ };

static struct kind {
	const char *name, *unit;
	interference *interfere;
	bool pinned;	 /* to the CPU; else anywhere */
	bool by_default; /* where no kind is asked for */
	bool wanted;
	atomic_bool ready;
	pthread_t thread;
	unsigned long long done;
} kinds[] = {
	[KIND_BUSY] = {.name = "busy",
		       .unit = "rounds",
		       .interfere = busy,
		       .pinned = true,
		       .by_default = true},
	[KIND_TIMERS] = {.name = "timers",
			 .unit = "expiries",
			 .interfere = timers,
			 .pinned = true,
			 .by_default = true},
	[KIND_SHOOTDOWNS] = {.name = "shootdowns",
			     .unit = "pages",
			     .interfere = shootdowns,
			     .by_default = true},
	[KIND_READ] = {.name = "read", .unit = "bytes", .interfere = reads},
};

static void *thread_of(void *argument)
{
	struct kind *kind = argument;
	cpu_set_t set;
	char name[16];

	snprintf(name, sizeof(name), "noise-%.9s", kind->name); /* a report card names it */
	prctl(PR_SET_NAME, name);
	CPU_ZERO(&set);
	CPU_SET(options.cpu, &set);
	if (kind->pinned && sched_setaffinity(0, sizeof(set), &set))
		die("CPU %ld: %s; it is offline, or isolated: interfere first", options.cpu,
		    strerror(errno));
	kind->done = kind->interfere(&kind->ready);
	return NULL;
}

enum { OPTION_BUSY = 256, OPTION_TIMERS, OPTION_SHOOTDOWNS, OPTION_READ, OPTION_SECONDS };

static const struct argp_option option_table[] = {
	{"cpu", 'c', "N", 0, "the CPU that is to be disturbed", 0},
	{"busy", OPTION_BUSY, NULL, 0, "a thread on it that never sleeps", 0},
	{"timers", OPTION_TIMERS, "HZ", 0, "a thread on it that a timer wakes HZ times a second",
	 0},
	{"shootdowns", OPTION_SHOOTDOWNS, NULL, 0,
	 "--busy, and another thread takes pages from that one", 0},
	{"read", OPTION_READ, "FILE", 0, "read FILE again and again, past the page cache", 0},
	{"seconds", OPTION_SECONDS, "N", 0,
	 "end after N seconds [at Ctrl-C or another signal that ends]", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case 'c':
		options.cpu = option_number(argument, 0, CPU_SETSIZE - 1, "--cpu", state);
		break;
	case OPTION_TIMERS:
		options.hz = option_number(argument, 1, 100000, "--timers", state);
		kinds[KIND_TIMERS].wanted = true;
		break;
	case OPTION_READ:
		options.file = argument;
		kinds[KIND_READ].wanted = true;
		break;
	case OPTION_BUSY:
		kinds[KIND_BUSY].wanted = true;
		break;
	case OPTION_SHOOTDOWNS: /* without a thread of ours there, that CPU has nothing to flush */
		kinds[KIND_BUSY].wanted = true;
		kinds[KIND_SHOOTDOWNS].wanted = true;
		break;
	case OPTION_SECONDS:
		options.seconds = option_number(argument, 0, 1000000, "--seconds", state);
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "no argument expected: %s", argument);
		break;
	case ARGP_KEY_END:
		if (options.cpu < 0)
			argp_error(state, "--cpu N: which CPU is to be disturbed?");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.doc = "Disturb one CPU: see what isolation keeps out and what a report card says."
	       "\vWithout a kind all but --read: --busy --timers 4000 --shootdowns. Prints one line "
	       "when all are at work, and at the end how much each has done.",
};

static void start(sigset_t *ends)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		any |= kinds[i].wanted;
	for (size_t i = 0; !any && i < ARRAY_SIZE(kinds); i++)
		kinds[i].wanted = kinds[i].by_default;
	if (!options.hz)
		options.hz = 4000;
	stop_signals_set(ends);
	sigprocmask(SIG_BLOCK, ends, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i].wanted)
			continue;
		if (pthread_create(&kinds[i].thread, NULL, thread_of, &kinds[i]))
			die("no thread for %s", kinds[i].name);
		while (!kinds[i].ready)
			sched_yield();
	}
	printf("interfering on CPU %ld:", options.cpu);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].wanted)
			printf(" %s", kinds[i].name);
	putchar('\n');
	fflush(stdout);
}

int cmd_interfere(int argc, char **argv)
{
	sigset_t ends;

	options.cpu = -1;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	start(&ends);
	if (options.seconds)
		sigtimedwait(&ends, NULL, &(struct timespec){.tv_sec = options.seconds});
	else
		sigwaitinfo(&ends, NULL);
	stop = true;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i].wanted)
			continue;
		pthread_join(kinds[i].thread, NULL);
		printf("%s: %llu %s\n", kinds[i].name, kinds[i].done, kinds[i].unit);
	}
	return EXIT_OK;
}
