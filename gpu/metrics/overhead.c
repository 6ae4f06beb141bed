// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * OH: what the virtualisation layer costs one tenant. Costs of a limiter are differences between a
 * tenant with it and one without it, measured in turns in one run, so that what the driver itself
 * costs, and how it drifts, falls out.
 */
#include <math.h>

#include "../surroundings.h"
#include "../tenant.h"
#include "../works/allocation.h"
#include "../works/gemm.h"
#include "../works/launch.h"
#include "metrics.h"
#include "team.h"

#define BLOCK	      500	   /* samples of one turn of a paired measurement */
#define ROUNDS_MOST   300	   /* of a paired measurement */
#define PAUSE_NS      100000	   /* after a launch, so that no rate limiter holds the next back */
#define SMALL	      (64 << 10)   /* bytes that drivers serve from a block they keep */
#define SLICES	      10	   /* of the time in which a tenant sleeps */
#define SAMPLES_KEPT  4000	   /* of one tenant and window in a record, evenly spread */
#define WINDOW_LEAST  0.1	   /* seconds of a common window: far above what starting takes */
#define LARGE_DEVICE  (8ull << 30) /* bytes; matrices of 4096 rows fill it */
#define NEVER_STARTED (TENANTS_MOST - 1) /* the tenant that has no context yet */

METRIC_RUN(launch_latency)
{
	suite_each_point(suite, metric, "launch");
}

/* OH-002 and OH-003: the same work, but what is timed. */
METRIC_RUN(allocation)
{
	bool frees = metric->id[5] == '3';

	for (int point = 0; point < metric_points(metric); point++) {
		struct order order = suite_order(suite, metric, "allocation");
		struct outcome outcome = {0};
		char size[32];

		metric_point(metric, point, size, sizeof(size));
		order.argument[ALLOCATION_BYTES] = point_value(size);
		order.argument[ALLOCATION_TIMED] = frees ? ALLOCATION_FREE : ALLOCATION_ALLOC;
		suite_measure(suite, SYSTEM, &order, &outcome);
		suite_emit(suite, metric, point, &outcome);
	}
}

/* Alone on the device: contexts of other processes would change what a new one costs. */
METRIC_RUN(context_creation)
{
	struct order order = suite_order(suite, metric, "context");
	uint64_t end = now_ns() + (uint64_t)(order.cap * SECOND);
	struct outcome outcome = {0};
	bool enough = false;

	order.maximum = 1;
	while (!enough) {
		tenants_dismiss(suite);
		if (!suite_measure(suite, SYSTEM, &order, &outcome))
			break;
		enough = now_ns() >= end ||
			 (outcome.count >= order.minimum &&
			  sampling_spread(outcome.samples, outcome.count) <= order.interval);
	}
	tenants_dismiss(suite);
	suite_emit(suite, metric, 0, &outcome);
}

/* One GO of the tenant 0 of each surroundings, one after the other; medians in the work's unit. */
static bool take_turns(struct suite *suite, int round, double *medians, struct outcome *outcome)
{
	for (int turn = 0; turn < SURROUNDINGS; turn++) {
		/* Who goes first changes with each round. */
		const struct member member = {(round + turn) % SURROUNDINGS, 0};
		struct outcome block = {0};
		bool ok = tenants_go(suite, &member, 1, 0, &block);

		medians[member.where] = outcome_percentile(&block, 50);
		outcome_set(outcome, block.status, "%s", block.reason);
		outcome_free(&block);
		if (!ok)
			return false;
	}
	return true;
}

/*
 * What the same work takes longer in the system than bare: one sample for each round, ns, signed.
 */
static void measure_paired(struct suite *suite, struct order order, struct outcome *outcome)
{
	uint64_t start, time = order.cap * SECOND;
	struct outcome sides[SURROUNDINGS] = {0};
	double medians[SURROUNDINGS];
	int least = suite_rounds(suite);
	bool ok = true;

	order.maximum = order.minimum = suite->options.quick ? BLOCK / 5 : BLOCK;
	for (int where = 0; ok && where < SURROUNDINGS; where++)
		ok = tenant_prepare(suite, where, 0, &order, outcome);
	/* The first context on a device that nobody uses takes seconds. */
	start = now_ns();
	for (int i = 0; ok && i < ROUNDS_MOST; i++) {
		if (now_ns() - start >= (i < least ? time : time / 2))
			break;
		ok = take_turns(suite, i, medians, outcome);
		if (!ok)
			break;
		outcome_add(outcome, (medians[SYSTEM] - medians[BARE]) * 1e3);
		for (int where = 0; where < SURROUNDINGS; where++)
			outcome_add(&sides[where], medians[where]);
	}
	for (int where = 0; where < SURROUNDINGS; where++)
		tenant_finish(suite, where, 0);
	if (ok) {
		outcome_fact(outcome, "system_us=%.4f", outcome_percentile(&sides[SYSTEM], 50));
		outcome_fact(outcome, "bare_us=%.4f", outcome_percentile(&sides[BARE], 50));
	}
	outcome_free(&sides[SYSTEM]);
	outcome_free(&sides[BARE]);
}

static void paired(struct suite *suite, const struct metric *metric, int point, const char *work,
		   uint64_t argument, uint64_t timed)
{
	struct order order = suite_order(suite, metric, work);
	struct outcome outcome = {0};

	order.argument[0] = argument;
	order.argument[1] = timed;
	measure_paired(suite, order, &outcome);
	suite_emit(suite, metric, point, &outcome);
}

/*
 * What it costs that a call passes the limiter. Its rate limiter is off where it can be turned off
 * while it works: what that costs is OH-008.
 */
METRIC_RUN(interception)
{
	paired(suite, metric, 0, "memgetinfo", 0, 0);
	surroundings_set_sm_limit(suite, 100);
	paired(suite, metric, 1, "launch", PAUSE_NS, 0);
	surroundings_set_sm_limit(suite, suite->options.sm_limit);
}

METRIC_RUN(memory_tracking)
{
	paired(suite, metric, 0, "allocation", SMALL, ALLOCATION_PAIR);
}

METRIC_RUN(rate_limiter)
{
	paired(suite, metric, 0, "launch", PAUSE_NS, 0);
}

/* Adds a tenant's samples of a window, so many that a record of many tenants stays readable. */
static void add_spread(struct outcome *outcome, const struct outcome *tenant)
{
	size_t step = tenant->count / SAMPLES_KEPT + 1;

	for (size_t i = 0; i < tenant->count; i += step)
		outcome_add(outcome, tenant->samples[i]);
}

/* count tenants in windows of their own. */
static void contend(struct suite *suite, const struct order *order, int count, struct outcome *row)
{
	int windows = suite->options.quick ? 2 : 5;
	double seconds = fmax(order->cap / 2 / windows, WINDOW_LEAST);
	struct team team = team_begin(suite, row);
	bool ok = true;

	for (int i = 0; ok && i < count; i++)
		ok = team_add(&team, order);
	for (int round = 0; ok && round < windows; round++) {
		ok = team_go(&team, (1u << count) - 1, seconds);
		for (int i = 0; ok && i < count; i++)
			add_spread(row, &team.outcomes[i]);
	}
	team_end(&team);
}

METRIC_RUN(lock_contention)
{
	for (int point = 0; point < metric_points(metric); point++) {
		struct order order = suite_order(suite, metric, "allocation");
		struct outcome outcome = {0};
		char name[32];

		metric_point(metric, point, name, sizeof(name));
		order.argument[ALLOCATION_BYTES] = SMALL;
		order.argument[ALLOCATION_TIMED] = ALLOCATION_PAIR;
		contend(suite, &order, point_value(name), &outcome);
		suite_emit(suite, metric, point, &outcome);
	}
}

/*
 * A tenant with a context sleeps, and beside it one that has none, outside the system: what that
 * takes is the price of our own sleeping, and no number below it means anything.
 */
METRIC_RUN(polling)
{
	const struct member members[] = {{SYSTEM, 0}, {BARE, NEVER_STARTED}};
	struct order order = suite_order(suite, metric, "idle"), bare = order;
	struct outcome outcomes[2] = {0};

	bare.work = work_index("idle_bare");
	order.argument[0] = bare.argument[0] = SLICES;
	if (tenant_prepare(suite, SYSTEM, 0, &order, &outcomes[0]) &&
	    tenant_prepare(suite, BARE, NEVER_STARTED, &bare, &outcomes[0]) &&
	    tenants_go(suite, members, 2, 0, outcomes))
		outcome_fact(&outcomes[0], "floor=%.6f", outcome_number(&outcomes[1], "mean"));
	outcome_set(&outcomes[0], outcomes[1].status, "%s", outcomes[1].reason);
	tenant_finish(suite, SYSTEM, 0);
	tenant_kill(suite, BARE, NEVER_STARTED);
	outcome_free(&outcomes[1]);
	suite_emit(suite, metric, 0, &outcomes[0]);
}

/*
 * Matrices large enough to fill a large device, which its memory tells, also where a limiter tells
 * less. They are the same for each system, else runs could not be compared.
 */
static struct order items_order(const struct suite *suite, const struct metric *metric)
{
	struct order order = suite_order(suite, metric, "items");
	bool large = suite_fact(suite, "memory_bytes") >= LARGE_DEVICE;

	order.argument[GEMM_N] = large ? 4096 : 128;
	order.argument[ITEMS_BYTES] = large ? 128 << 20 : 1 << 20;
	order.argument[ITEMS_COPIES] = large ? 8 : 1;
	return order;
}

METRIC_RUN(total_throughput)
{
	struct order order = items_order(suite, metric);
	struct outcome outcome = {0}, bare = {0};
	bool limited = surroundings_offer(suite) & NEED_LIMITER;

	if (limited)
		order.cap /= 2;
	if (suite_measure(suite, SYSTEM, &order, &outcome) && limited) {
		double system = outcome_percentile(&outcome, 50);

		suite_measure(suite, BARE, &order, &bare);
		if (bare.status)
			outcome_set(&outcome, bare.status, "without the limiter: %s", bare.reason);
		if (bare.count) {
			double unlimited = outcome_percentile(&bare, 50);

			outcome_fact(&outcome, "bare=%.3f", unlimited);
			outcome_fact(&outcome, "degradation=%.3f", (1 - system / unlimited) * 100);
		}
	}
	outcome_free(&bare);
	suite_emit(suite, metric, 0, &outcome);
}
