// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * IS-003, IS-004: does a limit of the device's time give that share of it, and how soon after it
 * was changed? The work is a stream of matrix products whose completions are timed one by one.
 */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "../surroundings.h"
#include "../works/gemm.h"
#include "metrics.h"

#define LARGE_DEVICE (8ull << 30) /* bytes of memory; small products leave such a device idle */
#define SETTLING     0.25	  /* of a window: left out, a limiter may have saved up a share */
#define ROUNDS	     6		  /* of the system and bare in turns */
#define BUSY_LEAST   2.5	  /* seconds; NVML tells of the past second */
#define READER	     (TENANTS_MOST - 1) /* the tenant that reads NVML */
#define TOLERANCE    0.1 /* of the throughput that it comes to, when it has come to it */
#define SLICE_LEAST  5.0 /* ms; completions are counted in slices */
#define SLICE_COUNTS 20	 /* completions in a slice at the lower limit */
#define SLICES_LEAST 8	 /* between two changes */
#define SLICES_MOST  1000
#define SMOOTH	     5 /* slices, of which the median is judged */

static struct order pace_order(const struct suite *suite, const struct metric *metric, uint32_t n)
{
	struct order order = suite_order(suite, metric, "pace");

	order.argument[GEMM_N] = suite_fact(suite, "memory_bytes") >= LARGE_DEVICE ? n : 128;
	return order;
}

/* Completions a second from a moment, ms, to another; NAN where there are too few to say. */
static double rate(const struct outcome *times, double from, double to)
{
	double first = 0, last = 0;
	size_t count = 0;

	for (size_t i = 0; i < times->count; i++) {
		if (times->samples[i] < from || times->samples[i] > to)
			continue;
		first = count++ ? first : times->samples[i];
		last = times->samples[i];
	}
	return count > 2 ? (count - 1) / (last - first) * 1e3 : NAN;
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

		result = rate(&times, first + SETTLING * (last - first), last);
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
		double now = rate(times, first + i * step, first + (i + 1) * step);

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

/* A stretch of the window between two changes of the limit. */
struct stretch {
	double from, to;    /* ms of CLOCK_MONOTONIC_RAW */
	unsigned int limit; /* percent */
	double level;	    /* products a second that it came to */
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median of the up to SMOOTH values from i on. */
static double smoothed(const double *values, size_t count, size_t i)
{
	double sorted[SMOOTH] = {0};
	size_t n = 0;

	while (n < SMOOTH && i + n < count) {
		sorted[n] = values[i + n];
		n++;
	}
	qsort(sorted, n, sizeof(*sorted), ascending);
	return sorted[(n - 1) / 2];
}

/* ms from the change to the end of the first slice from which on the throughput is its level. */
static double response(const struct outcome *times, const struct stretch *stretch, double slice)
{
	double counts[SLICES_MOST] = {0};
	size_t count = fmin((stretch->to - stretch->from) / slice, SLICES_MOST), i = count;

	for (size_t j = 0; j < times->count; j++) {
		double at = (times->samples[j] - stretch->from) / slice;

		if (at >= 0 && at < count)
			counts[(size_t)at]++;
	}
	while (i && fabs(smoothed(counts, count, i - 1) * 1e3 / slice - stretch->level) <=
			    TOLERANCE * stretch->level)
		i--;
	return (i + 1) * slice;
}

/* Did the throughput follow the limit at least half of the way, by its logarithm? */
static bool followed(const struct stretch *before, const struct stretch *after)
{
	double wanted = log((double)after->limit / before->limit);

	return log(after->level / before->level) / wanted >= 0.5;
}

static void judge_responses(const struct outcome *times, struct stretch *stretches, int count,
			    struct outcome *outcome)
{
	double lowest = INFINITY, slice;

	for (int i = 0; i < count; i++) {
		struct stretch *stretch = &stretches[i];

		stretch->level = rate(times, (stretch->from + stretch->to) / 2, stretch->to);
		lowest = fmin(lowest, isnan(stretch->level) ? 0 : stretch->level);
	}
	slice = fmax(SLICE_LEAST, SLICE_COUNTS * 1e3 / lowest);
	if (!((stretches[0].to - stretches[0].from) / slice >= SLICES_LEAST)) {
		outcome_set(outcome, STATUS_INVALID,
			    "%.0f products a second are too few to time a change by", lowest);
		return;
	}
	for (int i = 1; i < count; i++) {
		if (followed(&stretches[i - 1], &stretches[i]))
			outcome_add(outcome, response(times, &stretches[i], slice));
		else
			outcome_set(outcome, STATUS_INVALID,
				    "the limit went from %u %% to %u %%, the throughput from %.0f "
				    "to %.0f a second",
				    stretches[i - 1].limit, stretches[i].limit,
				    stretches[i - 1].level, stretches[i].level);
	}
	outcome_fact(outcome, "slice_ms=%.2f", slice);
}

static double now_ms(void)
{
	return now_ns() / 1e6;
}

static void sleep_until(double ms)
{
	for (double left; (left = ms - now_ms()) > 0;)
		nanosleep(&(struct timespec){.tv_sec = (time_t)(left / 1e3),
					     .tv_nsec = (long)(fmod(left, 1e3) * 1e6)},
			  NULL);
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

	for (int i = 0; i < count; i++) {
		unsigned int limit = i % 2 ? other : set;

		if (surroundings_set_sm_limit(suite, limit))
			outcome_set(outcome, STATUS_FAILED, "the limit cannot be changed");
		stretches[i] = (struct stretch){.from = now_ms(), .limit = limit};
		stretches[i].to = stretches[i].from + length;
		sleep_until(stretches[i].to);
	}
	tenants_collect(suite, &member, 1, deadline, &times);
	surroundings_set_sm_limit(suite, set);
	outcome_set(outcome, times.status, "%s", times.reason);
	if (!outcome->status)
		judge_responses(&times, stretches, count, outcome);
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
