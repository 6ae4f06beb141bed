// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The guarantee: once permission was taken back, by whatever means, no reader in the kernel still
 * acts on it. The helper is such a reader, which stays where it is for a second after it was
 * allowed.
 */
#include <fcntl.h>
#include <unistd.h>

#include "helper.h"
#include "tap.h"

#define AGENT	1
#define START	0x100000000000ull
#define SIZE	0x10000ull
#define HOLD_MS 1000

static int fd, helper, hold_ms = HOLD_MS;

/* Has the reader enter. */
static void enter(const char *what, uint64_t start)
{
	struct helper_hold hold = {.agent = AGENT,
				   .access = GPULOCK_READ,
				   .start = start,
				   .size = SIZE,
				   .hold_ms = hold_ms};
	int error = ask(helper, HELPER_HOLD, &hold);

	if (error)
		bail("no reader: errno %d", error);
	is(hold.answer, 0, "%s: the reader is allowed", what);
	is(ioctl(helper, HELPER_INSIDE), 1, "%s: and is within its section", what);
}

static void left(const char *what, int error, uint64_t start)
{
	int inside = ioctl(helper, HELPER_INSIDE);

	is(error, 0, "%s succeeds", what);
	is(inside, 0, "%s: no reader is left when it returns", what);
	is(check(fd, AGENT, start, 1, GPULOCK_READ), 0, "%s: a check is denied", what);
	ioctl(helper, HELPER_RELEASE);
}

static void test_revoke(void)
{
	grant(fd, AGENT, START, SIZE, GPULOCK_READ);
	enter("REVOKE", START);
	left("REVOKE", revoke(fd, AGENT, START, SIZE), START);
}

static void test_revoke_part(void)
{
	grant(fd, AGENT, START, SIZE, GPULOCK_READ);
	enter("REVOKE of a part", START);
	left("REVOKE of a part", revoke(fd, AGENT, START, 1), START);
	is(check(fd, AGENT, START + 1, SIZE - 1, GPULOCK_READ), 1, "and the rest is still allowed");
	revoke(fd, AGENT, START, SIZE);
}

static void test_free(void)
{
	struct gpulock_alloc request;

	alloc(fd, AGENT, SIZE, &request);
	grant(fd, AGENT, request.dma_start, SIZE, GPULOCK_READ);
	enter("FREE", request.dma_start);
	left("FREE", free_id(fd, request.id), request.dma_start);
}

static void test_close(void)
{
	struct gpulock_alloc request;
	int other = device();

	alloc(other, AGENT, SIZE, &request);
	grant(fd, AGENT, request.dma_start, SIZE, GPULOCK_READ);
	enter("close", request.dma_start);
	left("close", close(other), request.dma_start);
}

static void test_remove(void)
{
	grant(fd, AGENT, START, SIZE, GPULOCK_READ);
	enter("remove_agent", START);
	left("remove_agent", proc_write("control", "remove_agent %d", AGENT), START);
}

static int revoke_start(void *start)
{
	return revoke(fd, AGENT, *(uint64_t *)start, SIZE);
}

/* For ever only where a fault has it allowed for ever. */
static void until_denied(uint64_t start)
{
	for (int i = 0; i < HOLD_MS && check(fd, AGENT, start, 1, GPULOCK_READ) == 1; i++)
		usleep(1000);
}

/*
 * REVOKE has cut the grant and waits for the reader: another call, which finds no grant any more,
 * promises as much when it returns.
 */
static void test_while_revoked(void)
{
	struct gpulock_alloc request;
	int pid;

	alloc(fd, AGENT, SIZE, &request);
	grant(fd, AGENT, request.dma_start, SIZE, GPULOCK_READ);
	enter("REVOKE and FREE at once", request.dma_start);
	pid = start(revoke_start, &request.dma_start);
	until_denied(request.dma_start);
	left("FREE meanwhile", free_id(fd, request.id), request.dma_start);
	is(finish(pid), 0, "and the REVOKE succeeds, too");

	grant(fd, AGENT, START, SIZE, GPULOCK_READ);
	enter("REVOKE twice at once", START);
	pid = start(revoke_start, &(uint64_t){START});
	until_denied(START);
	is(revoke(fd, AGENT, START, SIZE), ENOENT, "the second REVOKE finds nothing: ENOENT");
	is(ioctl(helper, HELPER_INSIDE), 0, "but no reader is left when it returns");
	is(finish(pid), 0, "and the first one succeeds");
	ioctl(helper, HELPER_RELEASE);
}

/* The REVOKE waits for the reader, and nobody for the REVOKE. */
static void test_others_go_on(void)
{
	struct gpulock_query now;
	int pid;

	hold_ms = 5 * HOLD_MS;
	grant(fd, AGENT, START, SIZE, GPULOCK_READ);
	enter("REVOKE that waits", START);
	pid = start(revoke_start, &(uint64_t){START});
	until_denied(START);
	is(query(fd, AGENT, &now), 0, "QUERY meanwhile");
	is(ioctl(helper, HELPER_INSIDE), 1, "does not wait for the reader");
	ioctl(helper, HELPER_RELEASE);
	is(finish(pid), 0, "and the REVOKE succeeds");
}

int main(void)
{
	must_load("gpulock", "devices=1");
	must_load("gpulock_helper", "");
	fd = device();
	helper = open("/dev/gpulock_helper", O_RDWR);
	if (helper < 0)
		bail("/dev/gpulock_helper");
	test_revoke();
	test_revoke_part();
	test_free();
	test_close();
	test_remove();
	test_while_revoked();
	test_others_go_on();
	close(helper);
	is(module_unload("gpulock"), EWOULDBLOCK, "a module that checks keeps gpulock loaded");
	must_unload("gpulock_helper");
	close(fd);
	must_unload("gpulock");
	return done();
}
