// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "../../host/stop_signals.h"
#include "../../host/util.h"
#include "shared_memory.h"
#include "woven_probe.h"

#define ACCESSES 3 /* of an element of vec_add: two loads and a store */

static void say_ready(const struct probe *probe, int fd)
{
	bool both = probe->at & PROBE_AT_ENTRY && probe->at & PROBE_AT_EXIT;

	printf("ready");
	shared_memory_say("libwoven.so", WOVEN_FILE, fd);
	printf(" " WOVEN_NAME "=%s ", probe->name);
	if (probe->at & PROBE_AT_ACCESS)
		printf("per=element times=%d\n", ACCESSES);
	else
		printf("per=thread times=%d\n", both ? 2 : 1);
	fflush(stdout);
}

struct woven_shared *woven_probe_run(const struct probe *probe)
{
	struct pollfd end = {.fd = stop_signals(0), .events = POLLIN};
	struct woven_shared *shared;
	int fd;

	if (end.fd < 0)
		die("signalfd: %s", strerror(errno));
	shared = shared_memory_make(sizeof(*shared), &fd);
	say_ready(probe, fd);
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	return shared;
}

uint64_t woven_probe_hits(const struct probe *probe, const struct woven_shared *shared)
{
	const struct probe_counts *counts = &shared->counts;

	return (probe->at & PROBE_AT_ENTRY ? counts->entries : 0) +
	       (probe->at & PROBE_AT_EXIT ? counts->exits : 0) +
	       (probe->at & PROBE_AT_ACCESS ? counts->accesses : 0);
}

int woven_probe_done(const struct probe *probe, const struct woven_shared *shared)
{
	if (*shared->error)
		die("%s", shared->error);
	if (!shared->modules)
		die("no module was woven, or none was unloaded: nothing is known");
	printf("done hits=%" PRIu64 " lost=%" PRIu64 "\n", woven_probe_hits(probe, shared),
	       shared->counts.lost);
	return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}
