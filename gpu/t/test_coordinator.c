// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The coordinator against tenants that misbehave. A tenant is this program again, started by the
 * coordinator with --tenant: misbehaving_tenant.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../suite.h"
#include "../surroundings.h"
#include "../tenant.h"
#include "misbehaving_tenant.h"

#define PATIENCE 0.3 /* seconds, with tenants that are silent */
#define STARTED	 2   /* seconds, with those that are once they have started */
#define LENIENCE 30  /* seconds: only what is silent for good comes to it */
#define DEADLINE 240 /* seconds; for a coordinator that waits for good */

/* What the coordinator knows of works: a name. */
static const struct work idle = {.name = "idle"};
const struct work *const works[] = {&idle};
const size_t work_count = 1;

void surroundings_enter(const struct suite *suite, enum surroundings where)
{
	(void)suite;
	setenv("WHERE", where == SYSTEM ? "system" : "bare", 1);
}

static struct suite suite;
static const struct order order = {.repeat = 1, .cap = 0.1};

static int begin(void **state)
{
	(void)state;
	memset(&suite, 0, sizeof(suite));
	suite.options.patience = LENIENCE;
	suite.options.quiet = true;
	unsetenv("MISBEHAVE");
	return 0;
}

static int end(void **state)
{
	(void)state;
	tenants_dismiss(&suite);
	/* Nothing is left behind, dead or alive. */
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static const struct member pair[] = {{BARE, 0}, {BARE, 1}};

/* One measurement, with little patience in the stage in which the tenant is silent only. */
static bool measure(const char *misbehaviour, struct outcome *outcome)
{
	bool hangs = strstr(misbehaviour, ":hang"), ok;

	if (hangs && strncmp(misbehaviour, "go", 2))
		suite.options.patience = strncmp(misbehaviour, "start", 5) ? STARTED : PATIENCE;
	ok = tenant_prepare(&suite, BARE, 0, &order, outcome);
	if (hangs)
		suite.options.patience = PATIENCE;
	ok = ok && tenants_go(&suite, pair, 1, 0, outcome);
	tenant_finish(&suite, BARE, 0);
	return ok;
}

/* One measurement with a tenant that misbehaves comes to a status with a reason. */
static void comes_to(const char *misbehaviour, enum status status, const char *reason)
{
	struct outcome outcome = {0};

	begin(NULL);
	setenv("MISBEHAVE", misbehaviour, 1);
	if (measure(misbehaviour, &outcome) || outcome.status != status ||
	    !strstr(outcome.reason, reason) || strstr(outcome.facts, "status="))
		fail_msg("%s: %s \"%s\" \"%s\", not %s \"%s\"", misbehaviour,
			 status_names[outcome.status], outcome.reason, outcome.facts,
			 status_names[status], reason);
	outcome_free(&outcome);
	/* What broke may be in its context. */
	assert_true(status == STATUS_WAIVED || !suite.tenants[BARE][0].pid);
	/* The next is measured by a tenant in order, whether it is another one or not. */
	suite.options.patience = LENIENCE;
	if (suite.tenants[BARE][0].pid)
		tenant_kill(&suite, BARE, 0);
	unsetenv("MISBEHAVE");
	assert_true(suite_measure(&suite, BARE, &order, &outcome));
	outcome_free(&outcome);
	assert_int_equal(end(NULL), 0);
}

static void tenants_that_do_not_start(void **state)
{
	(void)state;
	comes_to("start:hang", STATUS_FAILED, "tenant 0 starting: its deadline passed");
	comes_to("start:leave", STATUS_FAILED, "tenant 0 starting: it exited with 5");
	comes_to("start:crash", STATUS_FAILED, "tenant 0 starting: it was killed by signal 6");
	comes_to("start:garbage", STATUS_FAILED, "what it said is no message");
	comes_to("start:short", STATUS_FAILED, "what it said is no message");
	comes_to("start:finish", STATUS_FAILED, "message 12 is out of turn");
	comes_to("start:waive", STATUS_WAIVED, "not on this device");
	comes_to("start:cannot", STATUS_WAIVED, "no NVIDIA GPU");
}

static void tenants_that_do_not_prepare(void **state)
{
	(void)state;
	comes_to("prepare:hang", STATUS_FAILED, "tenant 0 idle: its deadline passed");
	comes_to("prepare:leave", STATUS_FAILED, "tenant 0 idle: it exited with 5");
	comes_to("prepare:crash", STATUS_FAILED, "tenant 0 idle: it was killed by signal 6");
	comes_to("prepare:huge", STATUS_FAILED, "what it said is no message");
	comes_to("prepare:cut", STATUS_FAILED, "what it said is no message");
	comes_to("prepare:order", STATUS_FAILED, "message 3 is out of turn");
	comes_to("prepare:forge", STATUS_FAILED, "what it said is no message");
	comes_to("prepare:waive", STATUS_WAIVED, "not on this device");
	comes_to("prepare:fail", STATUS_FAILED, "it broke");
}

static void tenants_that_do_not_work(void **state)
{
	(void)state;
	comes_to("go:hang", STATUS_FAILED, "tenant 0 idle: its deadline passed");
	comes_to("go:leave", STATUS_FAILED, "tenant 0 idle: it exited with 5");
	comes_to("go:crash", STATUS_FAILED, "tenant 0 idle: it was killed by signal 6");
	comes_to("go:garbage", STATUS_FAILED, "what it said is no message");
	comes_to("go:half-sample", STATUS_FAILED, "what it said is no message");
	comes_to("go:order", STATUS_FAILED, "message 3 is out of turn");
	comes_to("go:finish", STATUS_FAILED, "message 12 is out of turn");
	comes_to("go:samples", STATUS_FAILED, "its samples do not end");
	comes_to("go:waive", STATUS_WAIVED, "not on this device");
	comes_to("go:fail", STATUS_FAILED, "it broke");
	comes_to("go:invalid", STATUS_INVALID, "5 of 6 words are wrong");
}

/* Whoever speaks without end has the deadline of whoever is silent. */
static void tenants_that_do_not_end(void **state)
{
	static const char *const stages[] = {"prepare:facts", "go:facts"};

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		struct outcome outcome = {0};

		begin(state);
		suite.options.patience = PATIENCE;
		setenv("MISBEHAVE", stages[i], 1);
		assert_false(suite_measure(&suite, BARE, &order, &outcome));
		assert_int_equal(outcome.status, STATUS_FAILED);
		assert_non_null(strstr(outcome.reason, "its deadline passed"));
		assert_int_equal(suite.tenants[BARE][0].pid, 0);
		assert_int_equal(end(NULL), 0);
	}
}

/* What was measured before stays; the tenant does not. */
static void tenants_that_do_not_finish(void **state)
{
	static const char *const ways[] = {"finish:hang",    "finish:leave", "finish:crash",
					   "finish:garbage", "finish:facts", "finish:close"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct outcome outcome = {0};

		begin(state);
		setenv("MISBEHAVE", ways[i], 1);
		assert_true(tenant_prepare(&suite, BARE, 0, &order, &outcome));
		assert_true(tenants_go(&suite, pair, 1, 0, &outcome));
		suite.options.patience = PATIENCE;
		tenant_finish(&suite, BARE, 0);
		assert_int_equal(outcome.status, STATUS_OK);
		assert_int_equal(outcome.count, 2);
		assert_int_equal(suite.tenants[BARE][0].pid, 0);
		outcome_free(&outcome);
		assert_int_equal(end(NULL), 0);
	}
}

static void a_sound_tenant(void **state)
{
	struct outcome outcome = {0};
	pid_t first;

	(void)state;
	assert_true(suite_measure(&suite, BARE, &order, &outcome));
	first = suite.tenants[BARE][0].pid;
	assert_true(suite_measure(&suite, BARE, &order, &outcome));
	assert_int_equal(suite.tenants[BARE][0].pid, first); /* the same one serves */
	assert_int_equal(outcome.status, STATUS_OK);
	assert_int_equal(outcome.count, 4);
	assert_int_equal(outcome.busy.throttled, 2);
	assert_true(outcome_number(&outcome, "verified") == 7);
	assert_non_null(strstr(suite.hello, "where=bare\n"));
	/* The record may be what goes to standard output. */
	assert_non_null(strstr(suite.hello, "output=errors\n"));
	outcome_free(&outcome);
}

static void surroundings_are_kept_apart(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	assert_true(suite_measure(&suite, SYSTEM, &order, &outcome));
	assert_non_null(strstr(suite.hello, "where=system\n"));
	*suite.hello = '\0';
	assert_true(suite_measure(&suite, BARE, &order, &outcome));
	assert_non_null(strstr(suite.hello, "where=bare\n"));
	assert_int_not_equal(suite.tenants[SYSTEM][0].pid, suite.tenants[BARE][0].pid);
	outcome_free(&outcome);
}

/* All get one window, of the length asked for, which begins once all have been told. */
static void one_window_for_all(void **state)
{
	struct outcome outcomes[2] = {0};
	uint64_t before, after;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_true(tenant_prepare(&suite, BARE, i, &order, &outcomes[i]));
	before = now_ns();
	assert_true(tenants_go(&suite, pair, 2, 0.02, outcomes));
	after = now_ns();
	assert_true(outcomes[0].busy.start > before);
	assert_int_equal(outcomes[0].busy.start, outcomes[1].busy.start);
	assert_int_equal(outcomes[0].busy.end - outcomes[0].busy.start, SECOND / 50);
	assert_int_equal(outcomes[1].busy.end, outcomes[0].busy.end);
	/* and not a time that has passed when the last one hears of it */
	assert_true(outcomes[0].busy.start > before + SECOND / 1000);
	assert_true(outcomes[0].busy.start < after + SECOND);
	assert_true(overlap_of(outcomes, 2) == 1);
	for (int i = 0; i < 2; i++)
		outcome_free(&outcomes[i]);
}

/* One of two is lost: it says so, the other's samples are there, a third attempt starts afresh. */
static void one_of_two_is_lost(void **state)
{
	struct outcome outcomes[2] = {0};

	(void)state;
	assert_true(tenant_prepare(&suite, BARE, 0, &order, &outcomes[0]));
	setenv("MISBEHAVE", "go:crash", 1);
	assert_true(tenant_prepare(&suite, BARE, 1, &order, &outcomes[1]));
	assert_false(tenants_go(&suite, pair, 2, 0.01, outcomes));
	assert_int_equal(outcomes[0].status, STATUS_OK);
	assert_int_equal(outcomes[0].count, 2);
	assert_int_equal(outcomes[1].status, STATUS_FAILED);
	assert_non_null(strstr(outcomes[1].reason, "tenant 1 idle: it was killed by signal 6"));
	outcome_free(&outcomes[1]);
	assert_false(tenants_go(&suite, pair, 2, 0.01, outcomes));
	assert_string_equal(outcomes[1].reason, "tenant 1 idle: it is gone");
	outcome_free(&outcomes[1]);
	unsetenv("MISBEHAVE");
	assert_true(tenant_prepare(&suite, BARE, 1, &order, &outcomes[1]));
	assert_true(tenants_go(&suite, pair, 2, 0.01, outcomes));
	for (int i = 0; i < 2; i++)
		outcome_free(&outcomes[i]);
}

/* A signal ends the waiting, not only the silence of a tenant. */
static void a_run_that_is_stopped(void **state)
{
	struct outcome outcome = {0};
	int way[2];

	(void)state;
	assert_int_equal(pipe(way), 0);
	message_stop = way[0];
	assert_true(suite_measure(&suite, BARE, &order, &outcome));
	setenv("MISBEHAVE", "go:hang", 1);
	tenant_kill(&suite, BARE, 0);
	assert_true(tenant_prepare(&suite, BARE, 0, &order, &outcome));
	assert_int_equal(write(way[1], "x", 1), 1);
	assert_false(tenants_go(&suite, pair, 1, 0, &outcome));
	assert_non_null(strstr(outcome.reason, "the run was stopped"));
	assert_int_equal(suite.tenants[BARE][0].pid, 0);
	assert_false(suite_measure(&suite, BARE, &order, &outcome));
	message_stop = -1;
	close(way[0]);
	close(way[1]);
	outcome_free(&outcome);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_sound_tenant, begin, end),
		cmocka_unit_test_setup_teardown(surroundings_are_kept_apart, begin, end),
		cmocka_unit_test(tenants_that_do_not_start),
		cmocka_unit_test(tenants_that_do_not_prepare),
		cmocka_unit_test(tenants_that_do_not_work),
		cmocka_unit_test(tenants_that_do_not_end),
		cmocka_unit_test(tenants_that_do_not_finish),
		cmocka_unit_test_setup_teardown(one_window_for_all, begin, end),
		cmocka_unit_test_setup_teardown(one_of_two_is_lost, begin, end),
		cmocka_unit_test_setup_teardown(a_run_that_is_stopped, begin, end),
	};

	if (argc > 2 && !strcmp(argv[1], "--tenant"))
		return misbehaving_tenant(atoi(argv[2]));
	/* Whatever a tenant is started with, it is no coordinator that starts tenants in turn. */
	if (argc > 1 || getenv("TEST_COORDINATOR"))
		return 2;
	setenv("TEST_COORDINATOR", "1", 1);
	alarm(DEADLINE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
