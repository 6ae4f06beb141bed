// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* KUnit: the tree of grants and the quota, without the rest of the module. */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rcupdate.h>

/* What is tested is compiled in: neither is exported, and neither is to be. */
#include "grants.c"
#include "quota.c"

static struct grants grants;

static bool allows(u64 start, u64 last, u32 access)
{
	bool answer;

	rcu_read_lock();
	answer = grants_allow(&grants, start, last, access);
	rcu_read_unlock();
	return answer;
}

/* No reader is beside it here, so none is waited for. */
static bool cut(u64 start, u64 last)
{
	LIST_HEAD(dead);
	bool any = grants_cut(&grants, start, last, &dead);

	grants_free_dead(&dead);
	return any;
}

static int begin(struct kunit *test)
{
	grants_init(&grants);
	return 0;
}

static void end(struct kunit *test)
{
	grants_free(&grants);
}

static void test_empty(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, allows(0, 0, 1));
	KUNIT_EXPECT_FALSE(test, allows(0, U64_MAX, 1));
	KUNIT_EXPECT_FALSE(test, cut(0, U64_MAX));
	KUNIT_EXPECT_NULL(test, grants_next(&grants, 0));
}

static void test_all(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, grants_add(&grants, 0, U64_MAX, 1), 0);
	KUNIT_EXPECT_TRUE(test, allows(0, U64_MAX, 1));
	KUNIT_EXPECT_FALSE(test, allows(0, U64_MAX, 2));
	KUNIT_EXPECT_EQ(test, grants_add(&grants, 5, 5, 1), -EEXIST);
	KUNIT_EXPECT_TRUE(test, cut(7, 7));
	KUNIT_EXPECT_TRUE(test, allows(0, 6, 1));
	KUNIT_EXPECT_TRUE(test, allows(8, U64_MAX, 1));
	KUNIT_EXPECT_FALSE(test, allows(7, 7, 1));
	KUNIT_EXPECT_EQ(test, grants.count, 2ull);
}

/* What the index answers, at its ends and over what lies next to each other. */
static void test_index(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, grants_add(&grants, 10, 19, 1), 0);
	KUNIT_EXPECT_EQ(test, grants_add(&grants, 20, 29, 3), 0);
	KUNIT_EXPECT_EQ(test, grants_add(&grants, 31, 39, 3), 0);
	grants_make_index(&grants);
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(grants.index));
	KUNIT_EXPECT_FALSE(test, allows(9, 9, 1));
	KUNIT_EXPECT_FALSE(test, allows(9, 10, 1));
	KUNIT_EXPECT_TRUE(test, allows(10, 29, 1));
	KUNIT_EXPECT_FALSE(test, allows(10, 29, 2));
	KUNIT_EXPECT_FALSE(test, allows(29, 31, 1));
	KUNIT_EXPECT_TRUE(test, allows(31, 39, 2));
	KUNIT_EXPECT_FALSE(test, allows(39, 40, 2));
	KUNIT_EXPECT_FALSE(test, allows(U64_MAX, U64_MAX, 1));
	KUNIT_EXPECT_EQ(test, grants_add(&grants, 30, 30, 1), 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(grants.index));
	KUNIT_EXPECT_TRUE(test, allows(10, 39, 1));
}

static void test_cut_pieces(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, grants_add(&grants, 10, 19, 1), 0);
	KUNIT_EXPECT_EQ(test, grants_add(&grants, 20, 29, 2), 0);
	grants_make_index(&grants);
	KUNIT_EXPECT_TRUE(test, cut(15, 24));
	KUNIT_EXPECT_TRUE(test, allows(10, 14, 1));
	KUNIT_EXPECT_FALSE(test, allows(15, 15, 1));
	KUNIT_EXPECT_FALSE(test, allows(24, 24, 2));
	KUNIT_EXPECT_TRUE(test, allows(25, 29, 2));
	KUNIT_EXPECT_FALSE(test, allows(25, 29, 1));
	KUNIT_EXPECT_EQ(test, grants.count, 2ull);
	KUNIT_EXPECT_EQ(test, grants_next(&grants, 11)->last, 14ull);
	KUNIT_EXPECT_EQ(test, grants_next(&grants, 15)->start, 25ull);
}

/*
 * Against a model: each of so many addresses has an access, and the number of the grant that gave
 * it.
 */
#define ADDRESSES 512

static struct {
	u32 access, grant;
} model[ADDRESSES];

static bool model_allows(u32 start, u32 last, u32 access)
{
	for (u32 i = start; i <= last; i++)
		if (access & ~model[i].access)
			return false;
	return true;
}

static bool model_free(u32 start, u32 last)
{
	for (u32 i = start; i <= last; i++)
		if (model[i].access)
			return false;
	return true;
}

static void model_set(u32 start, u32 last, u32 access)
{
	for (u32 i = start; i <= last; i++)
		model[i].access = access;
}

static u32 model_next(struct rnd_state *random, u32 below)
{
	return prandom_u32_state(random) % below;
}

static void test_model(struct kunit *test)
{
	struct rnd_state random;
	u32 wrong = 0;

	prandom_seed_state(&random, 20);
	memset(model, 0, sizeof(model));
	for (u32 i = 0; i < 4000; i++) {
		u32 start = model_next(&random, ADDRESSES);
		u32 last = min(start + model_next(&random, 24), ADDRESSES - 1u);
		u32 access = 1 + model_next(&random, 7);
		bool unused = model_free(start, last);

		if (!model_next(&random, 3))
			grants_make_index(&grants);
		switch (model_next(&random, 4)) {
		case 0:
			wrong += grants_add(&grants, start, last, access) != (unused ? 0 : -EEXIST);
			if (unused)
				model_set(start, last, access);
			break;
		case 1:
			wrong += cut(start, last) != !unused;
			model_set(start, last, 0);
			break;
		default:
			wrong += allows(start, last, access) != model_allows(start, last, access);
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
}

/* So many that the tree has four levels. */
#define MANY 3000

static void test_many(struct kunit *test)
{
	u32 wrong = 0;

	for (u64 i = 0; i < MANY; i++)
		wrong += grants_add(&grants, i << 13, (i << 13) + 4095, 1) != 0;
	grants_make_index(&grants);
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(grants.index));
	for (u64 i = 0; i < MANY; i++) {
		wrong += !allows(i << 13, (i << 13) + 4095, 1);
		wrong += allows((i << 13) + 4096, (i << 13) + 4096, 1);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0u);
	KUNIT_EXPECT_EQ(test, grants.count, (u64)MANY);
	/* Most of it with one cut; the rest with the tree. */
	KUNIT_EXPECT_FALSE(test, allows(0, U64_MAX, 1));
	KUNIT_EXPECT_TRUE(test, cut(1 << 13, (MANY - 1000ull) << 13));
	KUNIT_EXPECT_EQ(test, grants.count, 1001ull);
	KUNIT_EXPECT_TRUE(test, allows(0, 4095, 1));
	KUNIT_EXPECT_FALSE(test, allows((MANY - 1000ull) << 13, (MANY - 1000ull) << 13, 1));
	KUNIT_EXPECT_TRUE(test,
			  allows(((MANY - 1000ull) << 13) + 1, ((MANY - 1000ull) << 13) + 4095, 1));
}

static struct kunit_case grant_cases[] = {
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_all),
	KUNIT_CASE(test_cut_pieces),
	KUNIT_CASE(test_index),
	KUNIT_CASE(test_model),
	KUNIT_CASE(test_many),
	{},
};

static struct kunit_suite grant_suite = {
	.name = "grants",
	.init = begin,
	.exit = end,
	.test_cases = grant_cases,
};

static void test_charge(struct kunit *test)
{
	struct quota quota, now;

	quota_init(&quota, 100, 3);
	KUNIT_EXPECT_EQ(test, quota_charge(&quota, 100), 0);
	KUNIT_EXPECT_EQ(test, quota_charge(&quota, 1), -EDQUOT);
	KUNIT_EXPECT_EQ(test, quota.peak, 0ull);
	quota_settle(&quota);
	quota_uncharge(&quota, 100);
	KUNIT_EXPECT_EQ(test, quota_charge(&quota, 101), -EDQUOT);
	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, quota_charge(&quota, 1), 0);
	KUNIT_EXPECT_EQ(test, quota_charge(&quota, 1), -EDQUOT);
	quota_read(&quota, &now);
	KUNIT_EXPECT_EQ(test, now.used, 3ull);
	KUNIT_EXPECT_EQ(test, now.peak, 100ull);
	KUNIT_EXPECT_EQ(test, now.allocations, 3ull);
}

static void test_charge_wraps(struct kunit *test)
{
	struct quota quota;

	quota_init(&quota, U64_MAX, U64_MAX);
	KUNIT_EXPECT_EQ(test, quota_charge(&quota, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, quota_charge(&quota, 1), -EDQUOT);
	KUNIT_EXPECT_EQ(test, quota_charge(&quota, U64_MAX), -EDQUOT);
	KUNIT_EXPECT_EQ(test, quota.used, U64_MAX);
}

static void test_limit(struct kunit *test)
{
	struct quota quota;

	quota_init(&quota, 100, 10);
	KUNIT_EXPECT_EQ(test, quota_charge(&quota, 60), 0);
	KUNIT_EXPECT_EQ(test, quota_set_limit(&quota, 59), -EBUSY);
	KUNIT_EXPECT_EQ(test, quota.limit, 100ull);
	KUNIT_EXPECT_EQ(test, quota_set_limit(&quota, 60), 0);
	KUNIT_EXPECT_EQ(test, quota_charge(&quota, 1), -EDQUOT);
}

#define THREADS 4
#define ROUNDS	2000

static struct quota shared_quota;
static atomic_t refused, exceeded;

static int charge_often(void *unused)
{
	struct quota now;

	for (u32 i = 0; i < ROUNDS; i++) {
		if (quota_charge(&shared_quota, 3)) {
			atomic_inc(&refused);
			continue;
		}
		quota_read(&shared_quota, &now);
		if (now.used > now.limit || now.used != 3 * now.allocations)
			atomic_inc(&exceeded);
		if (!(i % 64))
			cond_resched();
		quota_uncharge(&shared_quota, 3);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void test_threads(struct kunit *test)
{
	struct task_struct *threads[THREADS];

	quota_init(&shared_quota, 7, 100);
	atomic_set(&refused, 0);
	atomic_set(&exceeded, 0);
	for (u32 i = 0; i < THREADS; i++)
		threads[i] = kthread_run(charge_often, NULL, "quota_test");
	for (u32 i = 0; i < THREADS; i++)
		if (!IS_ERR(threads[i]))
			kthread_stop(threads[i]);
	KUNIT_EXPECT_EQ(test, atomic_read(&exceeded), 0);
	KUNIT_EXPECT_EQ(test, shared_quota.used, 0ull);
	KUNIT_EXPECT_EQ(test, shared_quota.allocations, 0ull);
}

static struct kunit_case quota_cases[] = {
	KUNIT_CASE(test_charge),
	KUNIT_CASE(test_charge_wraps),
	KUNIT_CASE(test_limit),
	KUNIT_CASE(test_threads),
	{},
};

static struct kunit_suite quota_suite = {
	.name = "quota",
	.test_cases = quota_cases,
};

kunit_test_suites(&grant_suite, &quota_suite);
MODULE_DESCRIPTION("KUnit tests of gpulock");
MODULE_LICENSE("Dual BSD/GPL");
