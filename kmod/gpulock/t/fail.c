// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each call with its Nth allocation, or access to the caller's memory, failing, for every N that it
 * has: it fails with an errno of the interface and has changed nothing, or it succeeds and has done
 * all of it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define AGENT 1
#define SIZE  4096ull

static int fd, nth, control;
static struct gpulock_alloc kept;

/* The state of everything, in words. */
static char *all(void)
{
	static const char *const names[] = {"quotas", "allocations", "dma_permissions"};
	char *text = calloc(1, 1 << 18);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *one = proc_read(names[i]);

		strcat(text, one);
		free(one);
	}
	return text;
}

static int call_alloc(void)
{
	struct gpulock_alloc request;

	return alloc(fd, AGENT, SIZE, &request);
}

/* The next id is the first of 64, which the table of ids takes memory for. */
static void prepare_ids(void)
{
	struct gpulock_alloc request = {};

	while (request.id % 64 != 63)
		if (alloc(fd, AGENT, SIZE, &request) || free_id(fd, request.id))
			bail("no id");
}

static int call_alloc_new(void)
{
	static uint32_t agent = 100;
	struct gpulock_alloc request;
	int error = alloc(fd, agent, SIZE, &request);

	agent += !error;
	return error;
}

static int call_free(void)
{
	int error = free_id(fd, kept.id);

	if (!error)
		kept.id = 0;
	return error;
}

static int call_query(void)
{
	struct gpulock_query now;

	return query(fd, AGENT, &now);
}

static int call_set_quota_new(void)
{
	static uint32_t agent = 200;
	int error = set_quota(fd, agent, SIZE);

	agent += !error;
	return error;
}

static int call_check(void)
{
	int answer = check(fd, AGENT, 0x1000, 1, GPULOCK_READ);

	return answer < 0 ? -answer : 0;
}

static int call_check_batch(void)
{
	static struct gpulock_check checks[40];

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		checks[i] = (struct gpulock_check){.agent = AGENT, .access = 1, .size = 1};
	return ask(fd, GPULOCK_CHECK_BATCH,
		   &(struct gpulock_check_batch){.checks = (uintptr_t)checks,
						 .count = ARRAY_SIZE(checks)});
}

static uint64_t next_start = 0x100000;

static int call_grant(void)
{
	int error = grant(fd, AGENT, next_start, 0x1000, GPULOCK_READ);

	next_start += error ? 0 : 0x2000;
	return error;
}

static int call_grant_new(void)
{
	static uint32_t agent = 300;
	int error = grant(fd, agent, 0x1000, 0x1000, GPULOCK_READ);

	agent += !error;
	return error;
}

/* The middle of a grant, so that two pieces are to be kept. */
static int call_revoke(void)
{
	return revoke(fd, AGENT, next_start - 0x2000 + 0x400, 0x100);
}

static int call_open(void)
{
	int other = open("/dev/gpulock", O_RDWR);

	if (other < 0)
		return errno;
	close(other);
	return 0;
}

static int call_proc_create(void)
{
	static int agent = 400;
	char line[64];
	int length = snprintf(line, sizeof(line), "create_agent %d 5", agent), error;

	error = write(control, line, length) == length ? 0 : errno;
	agent += !error;
	return error;
}

static void prepare_nothing(void)
{
}

static void prepare_free(void)
{
	if (!kept.id && alloc(fd, AGENT, SIZE, &kept))
		bail("nothing to free");
}

static void prepare_revoke(void)
{
	if (grant(fd, AGENT, next_start, 0x1000, GPULOCK_READ))
		bail("nothing to revoke");
	next_start += 0x2000;
}

static const struct {
	const char *name;
	int (*call)(void);
	void (*prepare)(void);
} calls[] = {
	{"ALLOC", call_alloc, prepare_nothing},
	{"ALLOC of an id that takes memory", call_alloc, prepare_ids},
	{"ALLOC of a new agent", call_alloc_new, prepare_nothing},
	{"FREE", call_free, prepare_free},
	{"QUERY", call_query, prepare_nothing},
	{"SET_QUOTA of a new agent", call_set_quota_new, prepare_nothing},
	{"CHECK", call_check, prepare_nothing},
	{"CHECK_BATCH", call_check_batch, prepare_nothing},
	{"GRANT", call_grant, prepare_nothing},
	{"GRANT to a new agent", call_grant_new, prepare_nothing},
	{"REVOKE", call_revoke, prepare_revoke},
	{"open", call_open, prepare_nothing},
	{"create_agent in /proc", call_proc_create, prepare_nothing},
};

static void set_nth(int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", n);

	/* The write may be what fails, and then none is left to come. */
	if (pwrite(nth, text, length, 0) != length && pwrite(nth, text, length, 0) != length)
		bail("fail-nth: %s", strerror(errno));
}

/* Has the failure not come yet? Then the call has fewer steps that can fail. */
static bool pending(void)
{
	char text[16] = "";

	/* As may this be, where it was to come next. */
	return pread(nth, text, sizeof(text) - 1, 0) <= 0 || atoi(text) > 0;
}

static void test(size_t i)
{
	int failed = 0, survived = 0, bad = 0;

	for (int n = 1; n < 200; n++) {
		char *before, *after;
		bool over;
		int error;

		calls[i].prepare();
		before = all();
		set_nth(n);
		error = calls[i].call();
		over = pending();
		set_nth(0);
		after = all();
		failed += error != 0;
		survived += !error && !over;
		if (error && error != ENOMEM && error != EFAULT) {
			note("step %d fails with %s", n, strerror(error));
			bad++;
		}
		if (error && strcmp(before, after)) {
			note("step %d fails and leaves\n%s and not\n%s", n, after, before);
			bad++;
		}
		if (over && error)
			bad++;
		free(before);
		free(after);
		if (over)
			break;
	}
	ok(!bad && failed + survived,
	   "%s: %d steps can fail, and leave all as it was; %d more may, and it goes on",
	   calls[i].name, failed, survived);
}

/* The module is loaded, or it is not and nothing is left of it; the kernel does most of this. */
static void test_load(void)
{
	int failed = 0, survived = 0, bad = 0;
	bool over = false;

	for (int n = 1; n < 2000 && !over; n++) {
		int error;

		set_nth(n);
		error = module_load("gpulock", "devices=1");
		over = pending();
		set_nth(0);
		failed += error != 0;
		survived += !error && !over;
		if (!error && module_unload("gpulock")) {
			note("step %d fails and the module stays", n);
			bad++;
		}
		if (!access("/proc/swarm", F_OK) || !access("/dev/gpulock", F_OK)) {
			note("step %d fails with %s and leaves something", n, strerror(error));
			bad++;
		}
	}
	ok(!bad && over && failed,
	   "insmod: %d steps can fail, and leave nothing; %d more may, and it goes on", failed,
	   survived);
}

static void configure(const char *attribute, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", attribute, name);
	if (proc_write(path, "%s", value))
		bail("%s: %s", path, strerror(errno));
}

int main(void)
{
	nth = open("/proc/self/fail-nth", O_RDWR);
	if (nth < 0)
		bail("/proc/self/fail-nth: %s; a kernel with fault injection is needed",
		     strerror(errno));
	configure("failslab", "verbose", "0");
	configure("fail_usercopy", "verbose", "0");
	configure("failslab", "ignore-gfp-wait", "N");
	test_load();
	must_load("gpulock", "devices=1");
	fd = device();
	control = open("/proc/swarm/gpu/control", O_WRONLY);
	grant(fd, AGENT, 0x1000, 0x1000, GPULOCK_READ);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		test(i);
	close(fd);
	is(stat_of("allocations"), 0, "closed, nothing is left");
	must_unload("gpulock");
	return done();
}
