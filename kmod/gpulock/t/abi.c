// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The interface of /dev/gpulock: what is no command, what allocates, and who may do what; what each
 * does, and each way in which it is refused. Permission is in grants.c.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"

#define MIB (1ull << 20)

/* Agents of these tests; each test has its own, so that none sees what another left. */
enum { ALICE = 1, BOB, CAROL, IVAN, JUDY, NOBODY = 999 };

static int fd;

static void test_unknown_commands(void)
{
	static const unsigned long unknown[] = {
		_IO(GPULOCK_MAGIC, 0),
		_IO(GPULOCK_MAGIC, 9),
		_IO('T', 1),
		_IOW(GPULOCK_MAGIC, 1, struct gpulock_alloc),  /* ALLOC in the wrong direction */
		_IOWR(GPULOCK_MAGIC, 1, struct gpulock_query), /* and of the wrong size */
		~0u,
	};

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		is(ask(fd, unknown[i], NULL), ENOTTY, "command %#lx is unknown: ENOTTY",
		   unknown[i]);
}

/* An address that is nobody's, and one that can be read but not written. */
static void test_bad_addresses(void)
{
	static const unsigned long commands[] = {
		GPULOCK_ALLOC, GPULOCK_FREE,  GPULOCK_QUERY,  GPULOCK_SET_QUOTA,
		GPULOCK_CHECK, GPULOCK_GRANT, GPULOCK_REVOKE, GPULOCK_CHECK_BATCH};
	struct gpulock_alloc request = {.agent = BOB, .size = MIB};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long long before = stat_of("allocations");

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		is(ask(fd, commands[i], (void *)8), EFAULT, "command %zu of no memory: EFAULT",
		   i + 1);
	memcpy(page, &request, sizeof(request));
	mprotect(page, 4096, PROT_READ);
	is(ask(fd, GPULOCK_ALLOC, page), EFAULT, "ALLOC that cannot tell its id: EFAULT");
	is(stat_of("allocations"), before, "and has allocated nothing");
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
	memcpy(page, &(struct gpulock_check){.agent = BOB, .access = 1, .size = 1},
	       sizeof(struct gpulock_check));
	mprotect(page, 4096, PROT_READ);
	is(ask(fd, GPULOCK_CHECK, page), EFAULT, "CHECK that cannot tell its answer: EFAULT");
	is(ask(fd, GPULOCK_CHECK_BATCH,
	       &(struct gpulock_check_batch){.checks = (uintptr_t)page, .count = 1}),
	   EFAULT, "CHECK_BATCH that cannot tell its answers: EFAULT");
	munmap(page, 4096);
}

/* A page that is copied only when the answer is written: what was tried before leaves no trace. */
static void test_late_page(void)
{
	struct gpulock_alloc request = {.agent = BOB, .size = MIB}, *late;
	int file = open("/late", O_RDWR | O_CREAT | O_TRUNC, 0600);
	long long before = stat_of("allocations");

	write(file, &request, sizeof(request));
	late = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	is(ask(fd, GPULOCK_ALLOC, late), 0, "ALLOC whose answer has no page yet");
	is(stat_of("allocations"), before + 1, "has allocated once");
	is(free_id(fd, late->id), 0, "what it has told the id of");
	munmap(late, 4096);
	close(file);
	unlink("/late");
}

static void test_alloc(void)
{
	struct gpulock_alloc request, other;
	struct gpulock_query state;

	is(alloc(fd, ALICE, MIB, &request), 0, "ALLOC");
	ok(request.id && request.dma_start && !(request.dma_start & 4095),
	   "gives an id, and an address that is a multiple of a page");
	is(alloc(fd, ALICE, 1, &other), 0, "ALLOC of one byte");
	ok(other.id != request.id && (other.dma_start >= request.dma_start + MIB ||
				      other.dma_start + 4096 <= request.dma_start),
	   "has another id and other addresses");
	is(query(fd, ALICE, &state), 0, "QUERY");
	ok(state.used == MIB + 1 && state.allocations == 2 && state.peak == MIB + 1,
	   "counts both: used, allocations, peak");
	is(free_id(fd, other.id), 0, "FREE");
	query(fd, ALICE, &state);
	ok(state.used == MIB && state.allocations == 1 && state.peak == MIB + 1,
	   "gives back what it was, and the peak stays");
	is(free_id(fd, other.id), ENOENT, "FREE of what was freed: ENOENT");
	is(free_id(fd, request.id), 0, "FREE of the other");
	alloc(fd, ALICE, 1, &request);
	ok(request.id > other.id, "no id is used twice");
	free_id(fd, request.id);

	is(alloc(fd, 0, MIB, &request), EINVAL, "ALLOC of agent 0: EINVAL");
	is(alloc(fd, ALICE, 0, &request), EINVAL, "ALLOC of size 0: EINVAL");
	request = (struct gpulock_alloc){.agent = ALICE, .size = MIB, .flags = 2};
	is(ask(fd, GPULOCK_ALLOC, &request), EINVAL, "ALLOC with an unknown flag: EINVAL");
	request = (struct gpulock_alloc){.agent = ALICE, .size = MIB, .zero = 1};
	is(ask(fd, GPULOCK_ALLOC, &request), EINVAL, "ALLOC with padding: EINVAL");
	request = (struct gpulock_alloc){.agent = ALICE, .size = MIB, .device = 2};
	is(ask(fd, GPULOCK_ALLOC, &request), ENODEV, "ALLOC on the third of two devices: ENODEV");
	request.device = 64;
	is(ask(fd, GPULOCK_ALLOC, &request), ENODEV, "ALLOC on device 64: ENODEV");
	request.device = UINT32_MAX;
	is(ask(fd, GPULOCK_ALLOC, &request), ENODEV, "ALLOC on the last of numbers: ENODEV");
	is(alloc(fd, NOBODY, UINT64_MAX, &request), EDQUOT, "ALLOC of all there is: EDQUOT");
	is(query(fd, NOBODY, &state), ENOENT, "and whoever asked is no agent for it");
}

static void test_limits(void)
{
	struct gpulock_alloc one, request, whole = {.agent = BOB, .size = 1ull << 56, .device = 1};
	struct gpulock_query state;

	is(set_quota(fd, BOB, 2 * MIB), 0, "SET_QUOTA");
	query(fd, BOB, &state);
	is(state.limit, 2 * MIB, "QUERY says the limit");
	is(alloc(fd, BOB, 2 * MIB, &one), 0, "ALLOC of all of the limit");
	is(alloc(fd, BOB, 1, &request), EDQUOT, "ALLOC of one byte more: EDQUOT");
	is(alloc(fd, BOB, UINT64_MAX, &request), EDQUOT, "ALLOC that makes the sum wrap: EDQUOT");
	is(alloc(fd, BOB, UINT64_MAX - 2 * MIB + 1, &request), EDQUOT,
	   "ALLOC that makes the sum wrap to 0: EDQUOT");
	query(fd, BOB, &state);
	ok(state.used == 2 * MIB && state.allocations == 1,
	   "and none of them has changed anything");
	is(set_quota(fd, BOB, 2 * MIB - 1), EBUSY, "SET_QUOTA below what is used: EBUSY");
	query(fd, BOB, &state);
	is(state.limit, 2 * MIB, "and the limit is what it was");
	is(set_quota(fd, BOB, UINT64_MAX), 0, "SET_QUOTA without a limit");
	is(alloc(fd, BOB, UINT64_MAX, &request), EDQUOT,
	   "ALLOC that wraps where there is no limit: EDQUOT");
	is(alloc(fd, BOB, 1ull << 57, &request), ENOMEM,
	   "ALLOC of more than a device has addresses: ENOMEM");
	query(fd, BOB, &state);
	ok(state.used == 2 * MIB && state.allocations == 1, "which is given back to the quota");
	for (int i = 0; i < 2; i++) {
		is(ask(fd, GPULOCK_ALLOC, &whole), 0, "ALLOC of all that a device has, time %d",
		   i + 1);
		is(free_id(fd, whole.id), 0, "FREE gives the addresses back");
	}
	is(free_id(fd, one.id), 0, "FREE");
	is(set_quota(fd, BOB, 0), 0, "SET_QUOTA 0");
	is(alloc(fd, BOB, 1, &request), EDQUOT, "leaves nothing to ALLOC");
}

static void test_set_quota_errors(void)
{
	struct gpulock_set_quota quota = {.agent = CAROL, .limit = MIB, .device_mask = 1};
	struct gpulock_alloc request = {.agent = CAROL, .size = 1, .device = 1};

	is(ask(fd, GPULOCK_SET_QUOTA, &quota), 0, "SET_QUOTA for the first device only");
	is(ask(fd, GPULOCK_ALLOC, &request), ENODEV, "ALLOC on the second: ENODEV");
	quota.device_mask = 2;
	is(ask(fd, GPULOCK_SET_QUOTA, &quota), 0, "SET_QUOTA for the second");
	is(ask(fd, GPULOCK_ALLOC, &request), 0, "ALLOC on the second");
	is(free_id(fd, request.id), 0, "FREE");
	quota.device_mask = 0;
	is(ask(fd, GPULOCK_SET_QUOTA, &quota), EINVAL, "SET_QUOTA for no device: EINVAL");
	quota = (struct gpulock_set_quota){.limit = MIB, .device_mask = 1};
	is(ask(fd, GPULOCK_SET_QUOTA, &quota), EINVAL, "SET_QUOTA of agent 0: EINVAL");
	quota = (struct gpulock_set_quota){.agent = CAROL, .zero = 1, .device_mask = 1};
	is(ask(fd, GPULOCK_SET_QUOTA, &quota), EINVAL, "SET_QUOTA with padding: EINVAL");
}

static void test_query_errors(void)
{
	struct gpulock_query state;

	is(query(fd, NOBODY, &state), ENOENT, "QUERY of an agent that is none: ENOENT");
	is(query(fd, 0, &state), EINVAL, "QUERY of agent 0: EINVAL");
	state = (struct gpulock_query){.agent = ALICE, .zero = 1};
	is(ask(fd, GPULOCK_QUERY, &state), EINVAL, "QUERY with padding: EINVAL");
}

static void test_lifetime(void)
{
	struct gpulock_alloc mine, kept = {.agent = IVAN, .size = MIB, .flags = GPULOCK_KEEP};
	struct gpulock_query state;
	int other = device(), copy;

	alloc(other, IVAN, MIB, &mine);
	is(ask(other, GPULOCK_ALLOC, &kept), 0, "ALLOC to be kept");
	is(free_id(fd, mine.id), EPERM, "FREE through another descriptor: EPERM");
	is(free_id(fd, kept.id), EPERM, "of what is to be kept, too: EPERM");
	copy = dup(other);
	close(other);
	query(fd, IVAN, &state);
	is(state.allocations, 2, "a descriptor with a copy is open");
	grant(fd, JUDY, mine.dma_start, MIB, GPULOCK_READ);
	grant(fd, IVAN, kept.dma_start, MIB, GPULOCK_READ);
	close(copy);
	query(fd, IVAN, &state);
	ok(state.allocations == 1 && state.used == MIB, "closing it frees all but what is kept");
	is(check(fd, JUDY, mine.dma_start, 1, GPULOCK_READ), 0,
	   "and the grants in the range, whosever they are");
	is(check(fd, IVAN, kept.dma_start, MIB, GPULOCK_READ), 1, "and no other");
	is(free_id(fd, kept.id), 0, "FREE of what was kept, as an administrator");
	is(check(fd, IVAN, kept.dma_start, 1, GPULOCK_READ), 0, "takes the grants in its range");
	query(fd, IVAN, &state);
	is(state.used, 0, "and nothing is left");
	alloc(fd, IVAN, 1, &mine);
	grant(fd, JUDY, mine.dma_start + 4095, 1, GPULOCK_READ);
	free_id(fd, mine.id);
	is(check(fd, JUDY, mine.dma_start + 4095, 1, GPULOCK_READ), 0,
	   "FREE of one byte takes the grants of its whole page");
}

/* Without the capability: opened with it, and opened without. */
static int unprivileged(void *opened)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {};
	struct gpulock_alloc kept = {.agent = JUDY, .size = MIB, .flags = GPULOCK_KEEP}, request;
	int bare, had = *(int *)opened, wrong = 0;

	ask(had, GPULOCK_ALLOC, &kept);
	close(had);
	if (syscall(SYS_capset, &header, none))
		return 128;
	bare = device();
	wrong |= (set_quota(bare, JUDY, MIB) != EPERM) << 0;
	wrong |= (grant(bare, JUDY, 0x9000, 1, 1) != EPERM) << 1;
	wrong |= (revoke(bare, JUDY, 0x9000, 1) != EPERM) << 2;
	wrong |= (free_id(bare, kept.id) != EPERM) << 3;
	wrong |= (alloc(bare, JUDY, 1, &request) != 0) << 4;
	wrong |= (free_id(bare, request.id) != 0) << 5;
	wrong |= (proc_write("control", "dump_state") != EPERM) << 6;
	return wrong;
}

static void test_privilege(void)
{
	int opened = device(), pid = start(unprivileged, &opened), wrong;

	close(opened);
	wrong = finish(pid);
	ok(!(wrong & 1), "SET_QUOTA without CAP_SYS_ADMIN: EPERM");
	ok(!(wrong & 2), "GRANT without it: EPERM");
	ok(!(wrong & 4), "REVOKE without it: EPERM");
	ok(!(wrong & 8), "FREE of what another kept without it: EPERM");
	ok(!(wrong & 16), "ALLOC needs none");
	ok(!(wrong & 32), "nor does FREE of one's own");
	ok(!(wrong & 64), "a write to /proc without it: EPERM");
	ok(wrong >= 0 && !(wrong & 128), "and the process did give it up");
}

static void test_permissions(void)
{
	is(open("/dev/gpulock", O_RDONLY | O_DIRECTORY) < 0 ? errno : 0, ENOTDIR,
	   "the device is no directory");
	is(lseek(fd, 1, SEEK_SET) < 0 ? errno : 0, ESPIPE, "and has no position");
	is(read(fd, &(char){0}, 1) < 0 ? errno : 0, EINVAL, "nor bytes");
}

int main(void)
{
	must_load("gpulock", "devices=2");
	fd = device();
	test_unknown_commands();
	test_bad_addresses();
	test_late_page();
	test_alloc();
	test_limits();
	test_set_quota_errors();
	test_query_errors();
	test_lifetime();
	test_privilege();
	test_permissions();
	is(module_unload("gpulock"), EWOULDBLOCK, "the module stays while it is open");
	close(fd);
	is(module_unload("gpulock"), 0, "and goes with all that is left in it");
	return done();
}
