// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A caller whose memory does not come, since it is of a userfaultfd or of a file on a dead server,
 * holds up nobody but itself. The helper has such a page: a write to it waits until it is let.
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"
#include "tap.h"

#define PAGE 4096ull

/* STALLED is the agent of the caller that waits, OTHER of those that it must not hold up. */
enum { STALLED = 1, OTHER };

static int fd, helper;

/* What ALLOC answers is at the beginning of the page, what it is asked in front of that. */
static struct gpulock_alloc *request_at_page(void)
{
	char *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || mmap(pages + PAGE, PAGE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_FIXED, helper, 0) == MAP_FAILED)
		bail("no page of the helper's");
	return (void *)(pages + PAGE - offsetof(struct gpulock_alloc, id));
}

/* 0 when all is as it should be. */
static int allocate_into_page(void *unused)
{
	struct gpulock_alloc *request = request_at_page();
	struct gpulock_query now;
	int wrong = 0, own = device();

	(void)unused;
	request->agent = STALLED;
	request->size = PAGE;
	wrong |= ask(own, GPULOCK_ALLOC, request) != 0;
	query(own, STALLED, &now);
	wrong |= (now.allocations != 1) << 1;
	wrong |= (free_id(own, request->id) != 0) << 2;
	return wrong;
}

static int use_all(void *unused)
{
	struct gpulock_alloc request;
	struct gpulock_query now;

	(void)unused;
	return alloc(fd, OTHER, PAGE, &request) || grant(fd, OTHER, request.dma_start, PAGE, 1) ||
	       query(fd, OTHER, &now) || revoke(fd, OTHER, request.dma_start, PAGE) ||
	       free_id(fd, request.id) || stat_of("agents") < 1;
}

static int start_stalled(void)
{
	int pid = start(allocate_into_page, NULL);

	while (ioctl(helper, HELPER_STALLED) != 1)
		if (waitpid(pid, NULL, WNOHANG))
			bail("ALLOC into a page that does not come has ended");
	return pid;
}

/* Whether the process ends by itself; in any time but for ever. */
static bool ends(int pid, int *status)
{
	for (int i = 0; i < 3000; i++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		usleep(20000);
	}
	return false;
}

static void test_nobody_waits(void)
{
	int stalled = start_stalled(), user = start(use_all, NULL), status = -1;
	bool ended = ends(user, &status);

	ok(ended, "while ALLOC waits for memory of its caller, all else goes on");
	is(status, 0, "and succeeds");
	is(ioctl(helper, HELPER_STALLED), 1, "and the caller still waits");
	kill(stalled, SIGKILL);
	waitpid(stalled, &status, 0);
	is(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGKILL, "it can be killed");
	if (!ended)
		waitpid(user, &status, 0);
}

static void test_nothing_left(void)
{
	struct gpulock_query now;

	is(query(fd, STALLED, &now), ENOENT, "its agent has not come to be");
	is(stat_of("allocations"), 0, "nor has an allocation");
}

static void test_goes_on(void)
{
	int stalled = start_stalled();

	ioctl(helper, HELPER_LET);
	is(finish(stalled), 0, "memory that comes at last has the answer");
}

int main(void)
{
	must_load("gpulock", "devices=1");
	must_load("gpulock_helper", "");
	fd = device();
	helper = open("/dev/gpulock_helper", O_RDWR | O_CLOEXEC);
	if (helper < 0)
		bail("/dev/gpulock_helper");
	test_nobody_waits();
	test_nothing_left();
	test_goes_on();
	is(stat_of("allocations"), 0, "nothing is left");
	close(helper);
	close(fd);
	must_unload("gpulock_helper");
	must_unload("gpulock");
	return done();
}
