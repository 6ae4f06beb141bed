// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../host/layout.h"
#include "../../host/stop_signals.h"
#include "../../host/util.h"
#include "woven_probe.h"

#define ACCESSES 3 /* of an element of vec_add: two loads and a store */

static struct woven_shared *share(int *fd)
{
	struct woven_shared *shared;

	*fd = memfd_create("exitlab-woven", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, sizeof(*shared)))
		die("no memory to share: %s", strerror(errno));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (shared == MAP_FAILED)
		die("no memory to share: %s", strerror(errno));
	return shared;
}

static void say_ready(const struct probe *probe, int fd)
{
	bool both = probe->at & PROBE_AT_ENTRY && probe->at & PROBE_AT_EXIT;
	char self[PATH_MAX];

	find_self(self);
	*strrchr(self, '/') = '\0';
	printf("ready LD_PRELOAD=%s/libwoven.so " WOVEN_NAME "=%s " WOVEN_FILE "=/proc/%d/fd/%d ",
	       self, probe->name, (int)getpid(), fd);
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
	shared = share(&fd);
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
