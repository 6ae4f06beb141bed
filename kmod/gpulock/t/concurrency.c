// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Everything at once: processes that allocate, free, grant, check and revoke for the same agents,
 * one that removes agents, one that is killed again and again, and one that reads all of /proc,
 * while it is sampled whether what must hold always does. All allocations are of one size, so that
 * used is a multiple of it.
 *
 * ROUNDS in the environment: how often each does what it does [300].
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "random.h"
#include "tap.h"

#define SIZE	4096ull
#define LIMIT	(5 * SIZE)
#define WORKERS 4

/* STABLE and OTHER are never removed; GOING is. */
enum { STABLE = 1, OTHER, GOING, AGENTS = 3 };

/* What the processes tell each other. */
static struct shared {
	volatile int stop;
	volatile long samples, over_quota, allocated, removed, killed, denied, indexed;
	volatile long wrong; /* times that something did not hold */
	char what[256];	     /* the last of them */
} * shared;

static int rounds;

static int wrong(const char *what, long long a, long long b)
{
	snprintf(shared->what, sizeof(shared->what), "%s: %lld, %lld", what, a, b);
	__atomic_add_fetch(&shared->wrong, 1, __ATOMIC_RELAXED);
	return 1;
}

static void count(volatile long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* Holds up to three allocations and frees them in another order. */
static void allocate(int fd, uint32_t agent, uint64_t *state)
{
	struct gpulock_alloc got[3];
	int have = 0, error;

	for (int i = 0; i < 3; i++) {
		error = alloc(fd, agent, SIZE, &got[have]);
		if (!error)
			have++;
		else if (error == EDQUOT)
			count(&shared->over_quota);
		else
			wrong("ALLOC", error, agent);
		if (!error)
			count(&shared->allocated);
	}
	while (have) {
		int i = random_below(state, have);

		error = free_id(fd, got[i].id);
		if (error && !(error == ENOENT && agent == GOING))
			wrong("FREE", error, got[i].id);
		got[i] = got[--have];
	}
}

/* In addresses of its own, whatever it did itself is so. */
static void permit(int fd, uint32_t agent, int number, uint64_t *state)
{
	uint64_t start = ((uint64_t)number + 1) << 40 | (uint64_t)random_below(state, 64) << 16;
	bool sure = agent != GOING;
	int answer;

	answer = grant(fd, agent, start, 0x8000, GPULOCK_READ);
	if (answer)
		wrong("GRANT", answer, start);
	answer = check(fd, agent, start + 0x100, 0x7000, GPULOCK_READ);
	if (answer != 1 && (sure || answer))
		wrong("CHECK of what was granted", answer, start);
	answer = check(fd, agent, start + 0x100, 0x8000, GPULOCK_READ);
	if (answer)
		wrong("CHECK of more than was granted", answer, start);
	answer = revoke(fd, agent, start, 0x8000);
	if (answer && !(answer == ENOENT && !sure))
		wrong("REVOKE", answer, start);
	answer = check(fd, agent, start, 1, GPULOCK_READ);
	if (answer)
		wrong("CHECK of what was revoked", answer, start);
	count(&shared->denied);
}

static bool all_happened(void)
{
	return shared->samples && shared->allocated && shared->over_quota && shared->removed &&
	       shared->killed && shared->denied;
}

/* Its rounds, and more of them where the others had no turn meanwhile. */
static int work(void *argument)
{
	int number = (intptr_t)argument, fd = device();
	uint64_t state = 1000 + number;

	for (int i = 0; i < rounds || (i < 100 * rounds && !all_happened()); i++) {
		uint32_t agent = 1 + random_below(&state, AGENTS);

		if (random_below(&state, 2))
			allocate(fd, agent, &state);
		else
			permit(fd, agent, number, &state);
	}
	close(fd);
	return 0;
}

/* Until it is killed, in whatever call it then is. */
static int be_killed(void *argument)
{
	struct gpulock_alloc request;
	int fd = device();

	(void)argument;
	for (uint64_t i = 0;; i++) {
		alloc(fd, OTHER, SIZE, &request);
		grant(fd, OTHER, request.dma_start, SIZE, GPULOCK_READ);
		if (i % 3 == 0)
			free_id(fd, request.id);
	}
	return 0;
}

static int kill_often(void *argument)
{
	uint64_t state = 7;

	(void)argument;
	while (!shared->stop) {
		pid_t pid = start(be_killed, NULL);

		usleep(1000 + random_below(&state, 20000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		count(&shared->killed);
	}
	return 0;
}

static int remove_often(void *argument)
{
	(void)argument;
	while (!shared->stop) {
		int error = proc_write("control", "remove_agent %d", GOING);

		if (!error)
			count(&shared->removed);
		else if (error != ENOENT)
			wrong("remove_agent", error, GOING);
		error = proc_write("control", "create_agent %d %llu", GOING, LIMIT);
		if (error && error != EEXIST)
			wrong("create_agent", error, GOING);
		usleep(3000);
	}
	return 0;
}

/* What an administrator may do at any time, none of which changes what an agent has. */
static int administer(void *argument)
{
	static const char *const lines[] = {"reset_stats", "dump_state", "test_dma 1 0 r"};

	(void)argument;
	for (int i = 0; !shared->stop; i++) {
		int error = proc_write("control", "%s", lines[i % 3]);

		if (error && error != EACCES)
			wrong("control", error, i % 3);
		error = proc_write("/sys/module/gpulock/parameters/debug", "%d", i % 2);
		if (error)
			wrong("debug", error, i);
		usleep(5000);
	}
	return 0;
}

static int sample(void *argument)
{
	int fd = device();

	(void)argument;
	while (!shared->stop) {
		for (uint32_t agent = 1; agent <= AGENTS; agent++) {
			struct gpulock_query now;

			if (query(fd, agent, &now))
				continue;
			/* One that came to be again by itself has the default. */
			if (now.used > now.limit || (now.used > LIMIT && agent != GOING))
				wrong("used is above the limit", now.used, now.limit);
			if (now.used != now.allocations * SIZE)
				wrong("used is not the sum of the allocations", now.used,
				      now.allocations);
			if (now.peak < now.used)
				wrong("the peak is below used", now.peak, now.used);
			if (now.denials > now.checks)
				wrong("more denials than checks", now.denials, now.checks);
			count(&shared->samples);
		}
	}
	close(fd);
	return 0;
}

static int read_all(void *argument)
{
	static const char *const names[] = {"stats", "quotas", "allocations", "dma_permissions"};

	(void)argument;
	while (!shared->stop)
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			free(proc_read(names[i]));
	return 0;
}

/*
 * Grants that change so rarely that there is an index of them between two changes: checks while it
 * comes and goes. In a quiet place they are answered by it, and what is never changed is always so.
 */
static int check_always(void *argument)
{
	int fd = device();

	(void)argument;
	while (!shared->stop) {
		if (check(fd, STABLE, 0x1000, 0x1000, GPULOCK_READ) != 1)
			wrong("CHECK of what stays", 0, 0);
		if (check(fd, STABLE, 0x2000, 0x1000, GPULOCK_READ))
			wrong("CHECK of what is nobody's", 0, 0);
		check(fd, STABLE, 0x3000, 0x1000, GPULOCK_READ);
		count(&shared->indexed);
	}
	close(fd);
	return 0;
}

static void test_index(int fd)
{
	int checkers[2], ended = 0, good = 0;

	shared->stop = 0;
	grant(fd, STABLE, 0x1000, 0x1000, GPULOCK_READ);
	for (size_t i = 0; i < ARRAY_SIZE(checkers); i++)
		checkers[i] = start(check_always, NULL);
	for (int i = 0; i < 10; i++) {
		good += !grant(fd, STABLE, 0x3000, 0x1000, GPULOCK_READ);
		usleep(150000);
		good += !revoke(fd, STABLE, 0x3000, 0x1000);
		good += !check(fd, STABLE, 0x3000, 1, GPULOCK_READ);
		usleep(i % 2 ? 150000 : 0);
	}
	shared->stop = 1;
	for (size_t i = 0; i < ARRAY_SIZE(checkers); i++)
		ended += finish(checkers[i]) == 0;
	is(ended, 2, "checkers ended well");
	is(good, 30, "grants come and go under them");
	is(shared->wrong, 0, "and what stays is always granted%s%s", shared->wrong ? ": " : "",
	   shared->what);
	ok(shared->indexed > 0, "%ld times", shared->indexed);
	revoke(fd, STABLE, 0x1000, 0x1000);
}

static void test_end(int fd)
{
	for (uint32_t agent = 1; agent <= AGENTS; agent++) {
		struct gpulock_query now;

		if (query(fd, agent, &now))
			continue;
		ok(!now.used && !now.allocations, "agent %u has nothing left", agent);
	}
	is(stat_of("allocations"), 0, "no allocation is left");
}

int main(void)
{
	int workers[WORKERS], others[5], ended = 0, fd;

	rounds = atoi(getenv("ROUNDS") ?: "300");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		bail("no shared memory");
	must_load("gpulock", "devices=2 default_quota=1099511627776");
	fd = device();
	for (uint32_t agent = 1; agent <= AGENTS; agent++)
		set_quota(fd, agent, LIMIT);
	others[0] = start(sample, NULL);
	others[1] = start(remove_often, NULL);
	others[2] = start(kill_often, NULL);
	others[3] = start(read_all, NULL);
	others[4] = start(administer, NULL);
	for (intptr_t i = 0; i < WORKERS; i++)
		workers[i] = start(work, (void *)i);
	for (int i = 0; i < WORKERS; i++)
		ended += finish(workers[i]) == 0;
	shared->stop = 1;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ended += finish(others[i]) == 0;
	is(ended, WORKERS + (int)ARRAY_SIZE(others), "all processes ended well");
	is(shared->wrong, 0, "nothing was wrong at any time%s%s", shared->wrong ? ": " : "",
	   shared->what);
	note("%ld samples, %ld allocations, %ld over quota, %ld ranges granted and revoked, %ld agents removed, "
	     "%ld processes killed",
	     shared->samples, shared->allocated, shared->over_quota, shared->denied,
	     shared->removed, shared->killed);
	ok(all_happened(), "all of it did happen");
	test_end(fd);
	test_index(fd);
	close(fd);
	is(module_unload("gpulock"), 0, "the module goes");
	return done();
}
