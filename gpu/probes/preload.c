// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * preload NAME: a probe by a library that the workload preloads, until SIGTERM. "empty" counts
 * nothing when it is timed: in the run for the proof the library of "entry" stands in its place,
 * which is called in the same way.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../host/layout.h"
#include "../../host/stop_signals.h"
#include "../../host/util.h"
#include "preload.h"

static const struct kind {
	const char *name, *prose;
} kinds[] = {
#define HOST_PROBE(name, entry, exit, prose) {#name, prose},
#include "uprobe.def"
#undef HOST_PROBE
};

enum { OPTION_LIST = 256 };

static const struct argp_option table[] = {
	{"list", OPTION_LIST, NULL, 0, "Print the probes and end", 0},
	{0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	const struct kind **kind = state->input;

	switch (key) {
	case OPTION_LIST:
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			printf("%s\t%s\n", kinds[i].name, kinds[i].prose);
		exit(fflush(stdout) ? EXIT_FAILED : EXIT_OK);
	case ARGP_KEY_ARG:
		for (size_t i = 0; !*kind && i < ARRAY_SIZE(kinds); i++)
			if (!strcmp(kinds[i].name, text))
				*kind = &kinds[i];
		if (!*kind || strcmp((*kind)->name, text))
			argp_error(state,
				   "there is no probe \"%s\", or it is the second; --list "
				   "has them",
				   text);
		return 0;
	case ARGP_KEY_END:
		if (!*kind)
			argp_error(state, "which probe? --list has them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Stand before cuLaunchKernel by LD_PRELOAD until SIGTERM, and say how often it was "
	       "called.",
};

/* What the reader and the end of it share. */
struct reader {
	struct preload_shared *all;
	_Atomic bool stop;
	uint64_t events;
};

static void *read_events(void *argument)
{
	struct reader *reader = argument;
	struct preload_shared *all = reader->all;

	for (;;) {
		struct preload_event *slot = &all->events[reader->events % PRELOAD_EVENTS];
		bool last = reader->stop;

		if (slot->turn == reader->events + 1) {
			slot->turn = reader->events + PRELOAD_EVENTS;
			reader->events++;
			continue;
		}
		if (last)
			return NULL;
		/* Who puts an event after this sees it, who put one before is seen. */
		all->asleep = 1;
		if (slot->turn != reader->events + 1 && !reader->stop)
			syscall(SYS_futex, &all->asleep, FUTEX_WAIT, 1, NULL, NULL, 0);
		all->asleep = 0;
	}
}

static uint64_t hits_of(const struct preload_shared *all, uint64_t events)
{
	uint64_t hits = all->entries + all->exits + all->lost + events;

	for (size_t i = 0; i < PRELOAD_CPUS; i++)
		hits += all->cpus[i].count;
	for (size_t i = 0; i < HOST_KERNELS; i++)
		hits += all->kernels[i].count;
	return hits;
}

static struct preload_shared *share(int *fd)
{
	struct preload_shared *all;

	*fd = memfd_create("exitlab-preload", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, sizeof(*all)))
		die("no memory to share: %s", strerror(errno));
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (all == MAP_FAILED)
		die("no memory to share: %s", strerror(errno));
	for (uint64_t i = 0; i < PRELOAD_EVENTS; i++)
		all->events[i].turn = i;
	return all;
}

static void say_ready(const struct kind *kind, int fd, bool prove)
{
	bool empty = !strcmp(kind->name, "empty");
	char self[PATH_MAX];

	find_self(self);
	*strrchr(self, '/') = '\0';
	printf("ready LD_PRELOAD=%s/libpreload.so " PRELOAD_NAME "=%s " PRELOAD_FILE
	       "=/proc/%d/fd/%d per=launch times=%d%s\n",
	       self, empty && prove ? "entry" : kind->name, (int)getpid(), fd,
	       strcmp(kind->name, "both") ? 1 : 2, empty && !prove ? " proof=apart" : "");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	bool prove = getenv("EXITLAB_PROBE_PROVE");
	const struct kind *kind = NULL;
	struct reader reader = {0};
	struct pollfd end = {.events = POLLIN};
	pthread_t thread;
	int fd;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &kind);
	end.fd = stop_signals(0);
	if (end.fd < 0)
		die("signalfd: %s", strerror(errno));
	reader.all = share(&fd);
	if (pthread_create(&thread, NULL, read_events, &reader))
		die("no thread to read events");
	say_ready(kind, fd, prove);
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	reader.stop = true;
	reader.all->asleep = 0;
	syscall(SYS_futex, &reader.all->asleep, FUTEX_WAKE, 1, NULL, NULL, 0);
	pthread_join(thread, NULL);
	if (strcmp(kind->name, "empty") || prove)
		printf("done hits=%" PRIu64 " lost=%" PRIu64 "\n",
		       hits_of(reader.all, reader.events), (uint64_t)reader.all->lost);
	return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}
