// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * IS-003, IS-004: does a limit of the device's time give that share of it, and how soon after it
 * was changed? The work is a stream of matrix products whose completions are timed one by one.
 */
#include <math.h>

#include "../surroundings.h"
#include "../works/gemm.h"
#include "metrics.h"
#include "response.h"

#define LARGE_DEVICE (8ull << 30) /* bytes of memory; small products leave such a device idle */
#define SETTLING     0.25	  /* of a window: left out, a limiter may have saved up a share */
#define ROUNDS	     6		  /* of the system and bare in turns */
#define BUSY_LEAST   2.5	  /* seconds; NVML tells of the past second */
#define READER	     (TENANTS_MOST - 1) /* the tenant that reads NVML */

static struct order pace_order(const struct suite *suite, const struct metric *metric, uint32_t n)
{
	struct order order = suite_order(suite, metric, "pace");

	order.argument[GEMM_N] = suite_fact(suite, "memory_bytes") >= LARGE_DEVICE ? n : 128;
	return order;
}

/* One window of one tenant: its rate once it has settled; NAN: outcome says why. */
static double settled_rate(struct suite *suite, enum surroundings where, double seconds,
			   struct outcome *outcome)
{
	const struct member member = {where, 0};
	struct outcome times = {0};
	double result = NAN;

	if (tenants_go(suite, &member, 1, seconds, &times) && times.count) {
		double first = times.samples[0], last = times.samples[times.count - 1];

		result = response_rate(&times, first + SETTLING * (last - first), last);
	}
	outcome_set(outcome, times.status, "%s", times.reason);
	if (isnan(result))
		outcome_set(outcome, STATUS_INVALID, "too few products in %.2f s to tell a rate",
			    seconds);
	outcome_free(&times);
	return result;
}

/* 100 where the share is the limit, less by the percentage that it is off, in either direction. */
static double accuracy(const struct suite *suite, double percent)
{
	double limit = suite->options.sm_limit;

	return 100 * (1 - fabs(percent - limit) / limit);
}

/* Shares of the unlimited throughput. Returns it, products a second, or NAN. */
static double measure_throughput(struct suite *suite, const struct order *order,
				 struct outcome *outcome)
{
	/* A limited tenant has less to show in a second. */
	double window[SURROUNDINGS] = {
		[SYSTEM] = order->cap / ROUNDS * 3 / 4, [BARE] = order->cap / ROUNDS / 4};
	int rounds = suite->options.quick ? ROUNDS / 2 : ROUNDS;
	struct outcome shares = {0}, unlimited = {0};
	double result;

	for (int i = 0; i < rounds && !outcome->status; i++) {
		double rates[SURROUNDINGS];

		for (int turn = 0; turn < SURROUNDINGS; turn++) {
			enum surroundings where = (i + turn) % SURROUNDINGS;

			rates[where] = settled_rate(suite, where, window[where] * ROUNDS / rounds,
						    outcome);
		}
		if (outcome->status)
			break;
		outcome_add(&shares, rates[SYSTEM] / rates[BARE] * 100);
		outcome_add(&unlimited, rates[BARE]);
		outcome_add(outcome, accuracy(suite, rates[SYSTEM] / rates[BARE] * 100));
	}
	result = outcome_percentile(&unlimited, 50);
	if (shares.count) {
		outcome_fact(outcome, "share=%.2f", outcome_percentile(&shares, 50));
		outcome_fact(outcome, "limit=%u", suite->options.sm_limit);
		outcome_fact(outcome, "unlimited=%.1f", result);
	}
	outcome_free(&shares);
	outcome_free(&unlimited);
	return result;
}

/* Without NVML: completions times what one takes unlimited, over tenths of the window. */
static void count_kernels(const struct outcome *times, double unlimited, struct outcome *readings)
{
	double first = times->samples[0], last = times->samples[times->count - 1];
	double step = (last - first) / 10;

	for (int i = 2; i < 10; i++) {
		double now = response_rate(times, first + i * step, first + (i + 1) * step);

		if (isfinite(now))
			outcome_add(readings, now / unlimited * 100);
	}
}

/* Utilisation while the system's tenant is busy without a pause of its own. */
static void measure_utilisation(struct suite *suite, const struct order *order, double unlimited,
				struct outcome *outcome)
{
	const struct member members[] = {{SYSTEM, 0}, {BARE, READER}};
	struct order reader = suite_order(suite, suite->running, "utilisation");
	struct outcome outcomes[2] = {0};
	struct outcome *times = &outcomes[0], *readings = &outcomes[1];
	bool by_nvml;

	if (tenant_prepare(suite, BARE, READER, &reader, outcome))
		tenants_go(suite, members, 2, fmax(order->cap * 0.7, BUSY_LEAST), outcomes);
	for (int i = 0; i < 2; i++)
		outcome_set(outcome, outcomes[i].status, "%s", outcomes[i].reason);
	tenant_kill(suite, BARE, READER);
	by_nvml = readings->count;
	if (!outcome->status && !by_nvml && times->count)
		count_kernels(times, unlimited, readings);
	for (size_t i = 0; i < readings->count; i++)
		outcome_add(outcome, accuracy(suite, readings->samples[i]));
	outcome_fact(outcome, "method=%s", by_nvml ? "nvml" : "kernel-count");
	if (readings->count)
		outcome_fact(outcome, "utilisation=%.1f", outcome_percentile(readings, 50));
	outcome_free(times);
	outcome_free(readings);
}

METRIC_RUN(sm_limit)
{
	struct order order = pace_order(suite, metric, 4096);
	struct outcome throughput = {0}, utilisation = {0};
	double unlimited = NAN;

	if (tenant_prepare(suite, BARE, 0, &order, &throughput) &&
	    tenant_prepare(suite, SYSTEM, 0, &order, &throughput))
		unlimited = measure_throughput(suite, &order, &throughput);
	outcome_set(&utilisation, throughput.status, "%s", throughput.reason);
	suite_emit(suite, metric, 0, &throughput);
	tenant_finish(suite, BARE, 0);
	if (!utilisation.status)
		measure_utilisation(suite, &order, unlimited, &utilisation);
	tenant_finish(suite, SYSTEM, 0);
	suite_emit(suite, metric, 1, &utilisation);
}

static double now_ms(void)
{
	return now_ns() / 1e6;
}

/* Or until the run is stopped: waits for a message of nobody. */
static void sleep_until(double ms)
{
	struct message none;

	message_receive(-1, &none, (uint64_t)(ms * 1e6));
}

#define STRETCHES 9

/* Changes the limit up and down while the tenant works, then looks how its throughput followed. */
static void change_limit(struct suite *suite, const struct order *order, struct outcome *outcome)
{
	unsigned int set = suite->options.sm_limit, other = set >= 40 ? set / 2 : 2 * set;
	int count = suite->options.quick ? 3 : STRETCHES;
	double length = order->cap * 0.9e3 / count;
	const struct member member = {SYSTEM, 0};
	struct stretch stretches[STRETCHES];
	struct outcome times = {0};
	uint64_t deadline = tenants_start(suite, &member, 1, length * count / 1e3);
	double start = now_ms();

	for (int i = 0; i < count; i++) {
		unsigned int limit = i % 2 ? other : set;

		if (surroundings_set_sm_limit(suite, limit))
			outcome_set(outcome, STATUS_FAILED, "the limit cannot be changed");
		stretches[i] = (struct stretch){.from = now_ms(), .limit = limit};
		stretches[i].to = start + (i + 1) * length;
		sleep_until(stretches[i].to);
	}
	tenants_collect(suite, &member, 1, deadline, &times);
	surroundings_set_sm_limit(suite, set);
	outcome_set(outcome, times.status, "%s", times.reason);
	if (!outcome->status)
		response_judge(&times, stretches, count, outcome);
	outcome_free(&times);
}

METRIC_RUN(sm_limit_response)
{
	struct order order = pace_order(suite, metric, 1024);
	struct outcome outcome = {0};

	if (tenant_prepare(suite, SYSTEM, 0, &order, &outcome))
		change_limit(suite, &order, &outcome);
	tenant_finish(suite, SYSTEM, 0);
	suite_emit(suite, metric, 0, &outcome);
}
