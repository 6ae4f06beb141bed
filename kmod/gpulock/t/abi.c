// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The interface of /dev/gpulock: what each command does, and each way in which it is refused. */
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"

#define MIB (1ull << 20)
#define ALL (GPULOCK_READ | GPULOCK_WRITE | GPULOCK_EXECUTE)

/* Agents of these tests; each test has its own, so that none sees what another left. */
enum { ALICE = 1, BOB, CAROL, DAVE, ERIN, FRANK, GRACE, HEIDI, IVAN, JUDY, NOBODY = 999 };

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

static void test_grants(void)
{
	is(check(fd, NOBODY, 0, 1, GPULOCK_READ), 0, "CHECK of an agent that is none: denied");
	is(grant(fd, DAVE, 0x1000, 0x1000, GPULOCK_READ), 0, "GRANT");
	is(check(fd, DAVE, 0x1000, 0x1000, GPULOCK_READ), 1, "CHECK of all of it: allowed");
	is(check(fd, DAVE, 0x1000, 1, GPULOCK_READ), 1, "of its first byte: allowed");
	is(check(fd, DAVE, 0x1fff, 1, GPULOCK_READ), 1, "of its last byte: allowed");
	is(check(fd, DAVE, 0xfff, 1, GPULOCK_READ), 0, "of the byte in front of it: denied");
	is(check(fd, DAVE, 0x2000, 1, GPULOCK_READ), 0, "of the byte behind it: denied");
	is(check(fd, DAVE, 0xfff, 2, GPULOCK_READ), 0, "of a range that begins before it: denied");
	is(check(fd, DAVE, 0x1fff, 2, GPULOCK_READ), 0, "of one that ends behind it: denied");
	is(check(fd, DAVE, 0, UINT64_MAX, GPULOCK_READ), 0, "of one around it: denied");
	is(check(fd, DAVE, 0x1000, 1, GPULOCK_WRITE), 0, "for writing: denied");
	is(check(fd, DAVE, 0x1000, 1, GPULOCK_READ | GPULOCK_WRITE), 0, "for both: denied");
	is(check(fd, ERIN, 0x1000, 1, GPULOCK_READ), 0, "of another agent: denied");

	is(grant(fd, DAVE, 0x3000, 0x1000, ALL), 0, "GRANT with a gap before it");
	is(grant(fd, DAVE, 0x5000, 0x1000, ALL), 0, "and another");
	is(check(fd, DAVE, 0x3fff, 0x1002, GPULOCK_READ), 0,
	   "CHECK over a gap between two: denied");
	is(grant(fd, DAVE, 0x4000, 0x1000, GPULOCK_READ), 0, "GRANT that fills the gap");
	is(check(fd, DAVE, 0x3fff, 0x1002, GPULOCK_READ), 1, "CHECK over the three: allowed");
	is(check(fd, DAVE, 0x3fff, 0x1002, GPULOCK_WRITE), 0,
	   "for what the middle one has not: denied");
	for (uint32_t access = 1; access <= ALL; access++)
		is(check(fd, DAVE, 0x3800, 8, access), 1, "access %u of a grant of all", access);

	is(grant(fd, DAVE, 0x1000, 0x1000, GPULOCK_WRITE), EEXIST, "GRANT of the same: EEXIST");
	is(grant(fd, DAVE, 0x1800, 0x10, GPULOCK_READ), EEXIST, "GRANT within one: EEXIST");
	is(grant(fd, DAVE, 0xfff, 2, GPULOCK_READ), EEXIST, "GRANT over its first byte: EEXIST");
	is(grant(fd, DAVE, 0x1fff, 2, GPULOCK_READ), EEXIST, "GRANT over its last byte: EEXIST");
	is(grant(fd, DAVE, 0, 0x10000, GPULOCK_READ), EEXIST, "GRANT around several: EEXIST");
	is(check(fd, DAVE, 0, 1, GPULOCK_READ), 0, "and none of them was granted");
	is(grant(fd, ERIN, 0x1000, 0x1000, GPULOCK_READ), 0, "GRANT of the same to another agent");
}

static void test_grant_edges(void)
{
	is(grant(fd, FRANK, 0, 1, GPULOCK_READ), 0, "GRANT of the first address");
	is(grant(fd, FRANK, UINT64_MAX, 1, GPULOCK_READ), 0, "GRANT of the last address");
	is(check(fd, FRANK, 0, 1, GPULOCK_READ), 1, "CHECK of the first: allowed");
	is(check(fd, FRANK, UINT64_MAX, 1, GPULOCK_READ), 1, "CHECK of the last: allowed");
	is(check(fd, FRANK, UINT64_MAX - 1, 2, GPULOCK_READ), 0, "CHECK of the last two: denied");
	is(check(fd, FRANK, UINT64_MAX, 2, GPULOCK_READ), -EINVAL,
	   "CHECK beyond the last address: EINVAL");
	is(revoke(fd, FRANK, 0, UINT64_MAX), 0, "REVOKE of all but the last address");
	is(check(fd, FRANK, 0, 1, GPULOCK_READ), 0, "CHECK of the first: denied");
	is(check(fd, FRANK, UINT64_MAX, 1, GPULOCK_READ), 1, "CHECK of the last: allowed");
	is(revoke(fd, FRANK, UINT64_MAX, 1), 0, "REVOKE of the last address");
	is(grant(fd, FRANK, 0, UINT64_MAX, ALL), 0, "GRANT of all but one");
	is(check(fd, FRANK, 0, UINT64_MAX, ALL), 1, "CHECK of that: allowed");
	is(check(fd, FRANK, 1, UINT64_MAX, ALL), 0, "CHECK with the one that is left: denied");
}

static void test_range_errors(void)
{
	struct gpulock_check bad = {.agent = DAVE, .access = 1, .start = 1, .size = 1, .zero = 1};
	struct gpulock_revoke revocation = {.agent = DAVE, .zero = 1, .size = 1};

	is(grant(fd, 0, 1, 1, 1), EINVAL, "GRANT to agent 0: EINVAL");
	is(grant(fd, DAVE, 1, 0, 1), EINVAL, "GRANT of size 0: EINVAL");
	is(grant(fd, DAVE, 2, UINT64_MAX, 1), EINVAL, "GRANT that wraps: EINVAL");
	is(grant(fd, DAVE, 1, 1, 0), EINVAL, "GRANT of no access: EINVAL");
	is(grant(fd, DAVE, 1, 1, 8), EINVAL, "GRANT of an unknown access: EINVAL");
	is(check(fd, 0, 1, 1, 1), -EINVAL, "CHECK of agent 0: EINVAL");
	is(check(fd, DAVE, 1, 0, 1), -EINVAL, "CHECK of size 0: EINVAL");
	is(check(fd, DAVE, 2, UINT64_MAX, 1), -EINVAL, "CHECK that wraps: EINVAL");
	is(check(fd, DAVE, 1, 1, 0), -EINVAL, "CHECK for no access: EINVAL");
	is(check(fd, DAVE, 1, 1, 9), -EINVAL, "CHECK for an unknown access: EINVAL");
	is(ask(fd, GPULOCK_CHECK, &bad), EINVAL, "CHECK with padding: EINVAL");
	is(revoke(fd, 0, 1, 1), EINVAL, "REVOKE from agent 0: EINVAL");
	is(revoke(fd, DAVE, 1, 0), EINVAL, "REVOKE of size 0: EINVAL");
	is(revoke(fd, DAVE, 2, UINT64_MAX), EINVAL, "REVOKE that wraps: EINVAL");
	is(ask(fd, GPULOCK_REVOKE, &revocation), EINVAL, "REVOKE with padding: EINVAL");
}

static void test_revoke(void)
{
	is(revoke(fd, NOBODY, 0, 1), ENOENT, "REVOKE from an agent that is none: ENOENT");
	grant(fd, GRACE, 0x1000, 0x3000, ALL);
	is(revoke(fd, GRACE, 0, 0x1000), ENOENT, "REVOKE of what was not granted: ENOENT");
	is(revoke(fd, GRACE, 0x2000, 0x1000), 0, "REVOKE of the middle of a grant");
	is(check(fd, GRACE, 0x1000, 0x1000, ALL), 1, "CHECK of what is before it: allowed");
	is(check(fd, GRACE, 0x3000, 0x1000, ALL), 1, "CHECK of what is behind it: allowed");
	is(check(fd, GRACE, 0x2000, 1, GPULOCK_READ), 0, "CHECK of its first byte: denied");
	is(check(fd, GRACE, 0x2fff, 1, GPULOCK_READ), 0, "CHECK of its last byte: denied");
	is(check(fd, GRACE, 0x1fff, 2, GPULOCK_READ), 0, "CHECK into it: denied");
	is(revoke(fd, GRACE, 0x2000, 0x1000), ENOENT, "REVOKE of it once more: ENOENT");
	is(grant(fd, GRACE, 0x2000, 0x1000, GPULOCK_READ), 0, "GRANT of it once more");
	is(check(fd, GRACE, 0x1000, 0x3000, GPULOCK_READ), 1, "CHECK over all three: allowed");
	is(revoke(fd, GRACE, 0x1800, 0x2000), 0, "REVOKE of parts of all three");
	is(check(fd, GRACE, 0x1000, 0x800, ALL), 1, "CHECK of what is before it: allowed");
	is(check(fd, GRACE, 0x3800, 0x800, ALL), 1, "CHECK of what is behind it: allowed");
	is(check(fd, GRACE, 0x17ff, 2, GPULOCK_READ), 0, "CHECK into it: denied");
	is(check(fd, GRACE, 0x37ff, 2, GPULOCK_READ), 0, "CHECK out of it: denied");
	is(revoke(fd, GRACE, 0, UINT64_MAX), 0, "REVOKE of everything");
	is(check(fd, GRACE, 0x1000, 1, GPULOCK_READ), 0, "CHECK: denied");
	is(revoke(fd, GRACE, 0, UINT64_MAX), ENOENT, "REVOKE of nothing: ENOENT");
}

static void test_batch(void)
{
	static struct gpulock_check checks[GPULOCK_BATCH_MOST + 1];
	struct gpulock_check_batch batch = {.checks = (uintptr_t)checks};
	struct gpulock_query before, after;
	bool right = true;

	for (uint32_t i = 0; i < 100; i++)
		grant(fd, HEIDI, 0x2000ull * i, 0x1000, GPULOCK_READ);
	for (uint32_t i = 0; i < ARRAY_SIZE(checks); i++)
		checks[i] = (struct gpulock_check){.agent = HEIDI,
						   .access = GPULOCK_READ,
						   .start = 0x1000ull * (i % 200),
						   .size = 1,
						   .allowed = 7};
	query(fd, HEIDI, &before);
	batch.count = GPULOCK_BATCH_MOST;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), 0, "CHECK_BATCH of the most");
	for (uint32_t i = 0; i < GPULOCK_BATCH_MOST; i++)
		right &= checks[i].allowed == !(i % 200 & 1);
	ok(right, "answers each");
	is(checks[GPULOCK_BATCH_MOST].allowed, 7, "and no other");
	query(fd, HEIDI, &after);
	is(after.checks - before.checks, GPULOCK_BATCH_MOST, "QUERY counts the checks");
	is(after.denials - before.denials, GPULOCK_BATCH_MOST / 2, "and the denials");
	batch.count = 1;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), 0, "CHECK_BATCH of one");
	batch.count = 17;
	checks[17].allowed = 7;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), 0, "CHECK_BATCH of seventeen");
	is(checks[17].allowed, 7, "and of no other");
	batch.count = 0;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), EINVAL, "CHECK_BATCH of none: EINVAL");
	batch.count = GPULOCK_BATCH_MOST + 1;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), EINVAL, "CHECK_BATCH of too many: EINVAL");
	batch.count = UINT32_MAX;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), EINVAL, "CHECK_BATCH of far too many: EINVAL");
	batch.count = 40;
	checks[39].size = 0;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), EINVAL, "CHECK_BATCH with one of size 0: EINVAL");
	checks[39].size = 1;
	checks[20].zero = 1;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), EINVAL, "CHECK_BATCH with padding in one: EINVAL");
	checks[20].zero = 0;
	batch.zero = 1;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), EINVAL, "CHECK_BATCH with padding: EINVAL");
	batch = (struct gpulock_check_batch){.checks = 8, .count = 1};
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), EFAULT, "CHECK_BATCH of no memory: EFAULT");
	batch.checks = 0xffff800000000000;
	is(ask(fd, GPULOCK_CHECK_BATCH, &batch), EFAULT, "CHECK_BATCH of the kernel's: EFAULT");
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
	test_grants();
	test_grant_edges();
	test_range_errors();
	test_revoke();
	test_batch();
	test_lifetime();
	test_privilege();
	test_permissions();
	is(module_unload("gpulock"), EWOULDBLOCK, "the module stays while it is open");
	close(fd);
	is(module_unload("gpulock"), 0, "and goes with all that is left in it");
	return done();
}
