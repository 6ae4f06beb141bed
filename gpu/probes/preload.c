// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * preload NAME: a probe by a library that the workload preloads, until SIGTERM. "empty" counts
 * nothing when it is timed: in the run for the proof the library of "entry" stands in its place,
 * which is called in the same way.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../host/stop_signals.h"
#include "../../host/util.h"
#include "choice.h"
#include "preload.h"
#include "shared_memory.h"

static const struct choice choices[] = {
#define HOST_PROBE(name, entry, exit, prose) {#name, prose},
#include "uprobe.def"
#undef HOST_PROBE
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
	struct preload_shared *all = shared_memory_make(sizeof(*all), fd);

	for (uint64_t i = 0; i < PRELOAD_EVENTS; i++)
		all->events[i].turn = i;
	return all;
}

static void say_ready(const char *name, int fd, bool prove)
{
	bool empty = !strcmp(name, "empty");

	printf("ready");
	shared_memory_say("libpreload.so", PRELOAD_FILE, fd);
	printf(" " PRELOAD_NAME "=%s per=launch times=%d%s\n", empty && prove ? "entry" : name,
	       strcmp(name, "both") ? 1 : 2, empty && !prove ? " proof=apart" : "");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	bool prove = getenv("EXITLAB_PROBE_PROVE");
	const char *name;
	struct reader reader = {0};
	struct pollfd end = {.events = POLLIN};
	pthread_t thread;
	int fd;

	name = choices[choose(argc, argv,
			      "Stand before cuLaunchKernel by LD_PRELOAD until SIGTERM, and say how "
			      "often it was called.",
			      choices, ARRAY_SIZE(choices), NULL)]
		       .name;
	end.fd = stop_signals(0);
	if (end.fd < 0)
		die("signalfd: %s", strerror(errno));
	reader.all = share(&fd);
	if (pthread_create(&thread, NULL, read_events, &reader))
		die("no thread to read events");
	say_ready(name, fd, prove);
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	reader.stop = true;
	reader.all->asleep = 0;
	syscall(SYS_futex, &reader.all->asleep, FUTEX_WAKE, 1, NULL, NULL, 0);
	pthread_join(thread, NULL);
	if (strcmp(name, "empty") || prove)
		printf("done hits=%" PRIu64 " lost=%" PRIu64 "\n",
		       hits_of(reader.all, reader.events), (uint64_t)reader.all->lost);
	return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}
