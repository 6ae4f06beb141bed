// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Permission, as /dev/gpulock gives, takes and tells it: GRANT, REVOKE, CHECK and CHECK_BATCH, and
 * each way in which they are refused.
 */
#include <unistd.h>

#include "tap.h"

#define ALL (GPULOCK_READ | GPULOCK_WRITE | GPULOCK_EXECUTE)

/* Agents of these tests; each test has its own, so that none sees what another left. */
enum { DAVE = 1, ERIN, FRANK, GRACE, HEIDI, NOBODY = 999 };

static int fd;

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

int main(void)
{
	must_load("gpulock", "devices=1");
	fd = device();
	test_grants();
	test_grant_edges();
	test_range_errors();
	test_revoke();
	test_batch();
	close(fd);
	is(module_unload("gpulock"), 0, "the module goes with all grants that are left in it");
	return done();
}
