// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * CACHE: the L2, alone and shared. What hit and what did not is told by latencies, since the
 * device's own counters are for privileged users only; the latencies of a hit and of a miss are
 * measured in the same run.
 */
#include <string.h>

#include "../arithmetic.h"
#include "../tenant.h"
#include "../works/chase.h"
#include "../works/copy.h"
#include "metrics.h"
#include "turns.h"

#define HIT_SET	     0.0625 /* of the L2: a set that is in it; loads pass the L1 by */
#define MISS_TIMES   16	    /* the L2's size: of a set that is not */
#define EVICTION_SET 0.25   /* of the L2's size: the set that streams evict */
#define CHASE_SET    0.5    /* likewise: each of two that collide */
#define READ_SET     0.25   /* likewise: what is read within the L2 */
#define PAUSE	     1000   /* microseconds: the neighbour reads its set many times over */
#define APART_LEAST  1.2    /* a miss must take so many times a hit, or nothing can be told */

/* The size that a point names, in times the L2's. */
static double l2_times(const char *point)
{
	static const struct {
		const char *name;
		double times;
	} sizes[] = {
		{"quarter", 0.25}, {"half", 0.5}, {"full", 1}, {"double", 2}, {"quadruple", 4}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (!strcmp(point, sizes[i].name))
			return sizes[i].times;
	return 0;
}

static uint64_t l2_bytes(const struct suite *suite, double times)
{
	return times * suite_fact(suite, "l2_bytes");
}

/* ns a step of a hit and of a miss. */
struct levels {
	double hit, miss;
};

/*
 * Latencies of a chase through a set of so many times the L2's size, or, of evictions, of a quarter
 * of it behind a stream of so many times its size; 0 is what hits for certain.
 */
static void measure(struct suite *suite, const struct metric *metric, bool evictions, double times,
		    struct outcome *outcome)
{
	struct order order = suite_order(suite, metric, evictions ? "evict" : "chase");

	/* The time is divided between the points and the latencies of a hit and of a miss. */
	order.cap *= metric_points(metric) / (metric_points(metric) + 2.0);
	order.argument[CHASE_BYTES] = evictions	  ? l2_bytes(suite, EVICTION_SET)
				      : times > 0 ? l2_bytes(suite, times)
						  : l2_bytes(suite, HIT_SET);
	order.argument[CHASE_STREAM] = evictions ? l2_bytes(suite, times) : 0;
	suite_measure(suite, SYSTEM, &order, outcome);
}

/* false: the outcome says why nothing can be told. */
static bool measure_levels(struct suite *suite, const struct metric *metric, bool evictions,
			   struct levels *levels, struct outcome *outcome)
{
	struct outcome hit = {0}, miss = {0};

	if (!l2_bytes(suite, 1)) {
		outcome_set(outcome, STATUS_WAIVED, "the driver tells no size of the L2");
		return false;
	}
	measure(suite, metric, evictions, 0, &hit);
	measure(suite, metric, evictions, MISS_TIMES, &miss);
	*levels = (struct levels){outcome_percentile(&hit, 50), outcome_percentile(&miss, 50)};
	outcome_set(outcome, hit.status, "%s", hit.reason);
	outcome_set(outcome, miss.status, "%s", miss.reason);
	outcome_free(&hit);
	outcome_free(&miss);
	if (outcome->status == STATUS_OK && !(levels->miss >= APART_LEAST * levels->hit))
		outcome_set(outcome, STATUS_INVALID,
			    "a miss takes %.0f ns and a hit %.0f ns: too close to tell them apart",
			    levels->miss, levels->hit);
	return outcome->status == STATUS_OK;
}

/* Records a point: the latencies as shares of hits, or of what was evicted. */
static void emit_shares(struct suite *suite, const struct metric *metric, int point, bool evictions,
			struct levels levels, struct outcome *outcome)
{
	if (outcome->count)
		outcome_fact(outcome, "latency_ns=%.1f", outcome_percentile(outcome, 50));
	outcome_fact(outcome, "hit_ns=%.1f", levels.hit);
	outcome_fact(outcome, "miss_ns=%.1f", levels.miss);
	for (size_t i = 0; i < outcome->count; i++) {
		double hits = hit_ratio(outcome->samples[i], levels.hit, levels.miss);

		outcome->samples[i] = evictions ? 100 - hits : hits;
	}
	suite_emit(suite, metric, point, outcome);
}

static void measure_shares(struct suite *suite, const struct metric *metric, bool evictions)
{
	struct outcome outcome = {0};
	struct levels levels;

	if (!measure_levels(suite, metric, evictions, &levels, &outcome)) {
		suite_emit_rest(suite, metric, outcome.status, outcome.reason);
		return;
	}
	for (int point = 0; point < metric_points(metric); point++) {
		char name[32];

		metric_point(metric, point, name, sizeof(name));
		measure(suite, metric, evictions, l2_times(name), &outcome);
		emit_shares(suite, metric, point, evictions, levels, &outcome);
	}
}

METRIC_RUN(l2_hit_ratio)
{
	measure_shares(suite, metric, false);
}

METRIC_RUN(l2_eviction)
{
	measure_shares(suite, metric, true);
}

METRIC_RUN(l2_collision)
{
	struct order chase = suite_order(suite, metric, "chase"), touch = chase;
	struct outcome outcome = {0};

	touch.work = work_index("touch");
	chase.argument[CHASE_BYTES] = touch.argument[CHASE_BYTES] = l2_bytes(suite, CHASE_SET);
	chase.argument[CHASE_PAUSE] = PAUSE;
	measure_turns(suite, &chase, &touch, turns_window(suite, &chase), turn_longer, &outcome);
	suite_emit(suite, metric, 0, &outcome);
}

METRIC_RUN(l2_contention)
{
	struct order read = suite_order(suite, metric, "read"), stream = read;
	struct outcome outcome = {0};

	read.argument[COPY_BYTES] = l2_bytes(suite, READ_SET);
	stream.argument[COPY_BYTES] = l2_bytes(suite, MISS_TIMES);
	measure_turns(suite, &read, &stream, turns_window(suite, &read), turn_lost, &outcome);
	suite_emit(suite, metric, 0, &outcome);
}
