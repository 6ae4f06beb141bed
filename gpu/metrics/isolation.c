// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* IS: how much tenants notice of each other. */
#include <math.h>

#include "../arithmetic.h"
#include "../works/load.h"
#include "../works/request.h"
#include "metrics.h"
#include "team.h"
#include "turns.h"

#define SHARE	     0.8 /* of a metric's time for its windows; the rest goes between them */
#define FOUR	     4	 /* tenants of IS-007 and IS-008 */
#define QOS_SAMPLES  32	 /* a tenant's variation in one window is a sample */
#define FAULT_WINDOW 0.5 /* seconds, with the fault in its middle; its error comes 0.15 s later */

enum { NEIGHBOURS = 2, PERCENTILES = 2 }; /* of IS-009, in the order of its points */

static struct order load_order(const struct suite *suite, const struct metric *metric,
			       uint64_t kind, uint64_t slices)
{
	struct order order = suite_order(suite, metric, "load");

	order.argument[LOAD_KIND] = kind;
	order.argument[LOAD_SLICES] = slices;
	return order;
}

METRIC_RUN(compute_isolation)
{
	struct order order = load_order(suite, metric, LOAD_COMPUTE, 1);
	struct outcome row = {0};

	measure_turns(suite, &order, &order, suite_window(suite), turn_lost, &row);
	suite_emit(suite, metric, 0, &row);
}

static void take_variations(struct team *team)
{
	for (int i = 0; i < team->count; i++) {
		const struct outcome *outcome = &team->outcomes[i];
		double of_tenant = variation_of(outcome->samples, outcome->count);

		/* Throttled slices were dropped: one alone varies from nothing. */
		if (outcome->count < 2)
			continue;
		if (isfinite(of_tenant))
			outcome_add(team->row, of_tenant);
		else
			outcome_set(team->row, STATUS_INVALID, "tenant %d did nothing at all", i);
	}
}

static void take_fairness(struct team *team)
{
	double rates[TENANTS_MOST], index;

	for (int i = 0; i < team->count; i++)
		rates[i] = team_mean(team, i);
	index = jain_index(rates, team->count);
	if (!isnan(index))
		outcome_add(team->row, index);
}

/* Four loads at once, so many windows, each of so many slices. */
static void four_together(struct suite *suite, const struct metric *metric, int windows, int slices,
			  void (*take)(struct team *team))
{
	struct order order = load_order(suite, metric, LOAD_COMPUTE, slices);
	double seconds = SHARE * order.cap / windows;
	struct outcome row = {0};
	struct team team = team_begin(suite, &row);
	bool ok = true;

	for (int i = 0; i < FOUR && ok; i++)
		ok = team_add(&team, &order);
	for (int i = 0; ok && i < windows; i++) {
		ok = team_go(&team, (1 << FOUR) - 1, seconds);
		if (ok)
			take(&team);
	}
	outcome_fact(&row, "slice_ms=%.1f", seconds * 1e3 / slices);
	team_end(&team);
	suite_emit(suite, metric, 0, &row);
}

METRIC_RUN(qos_consistency)
{
	int windows = QOS_SAMPLES / FOUR / (suite->options.quick ? 2 : 1);

	four_together(suite, metric, windows, suite->options.quick ? 8 : 16, take_variations);
}

METRIC_RUN(fairness)
{
	four_together(suite, metric, suite_rounds(suite), 1, take_fairness);
}

/* Of IS-009: tenants 1 and 2, and what is taken of the victim's requests in a window. */
static const uint64_t neighbours[NEIGHBOURS] = {LOAD_MEMORY, LOAD_COMPUTE};
static const double percentiles[PERCENTILES] = {50, 99};

/* The victim alone, then beside each: one window alone serves both. Samples for all four rows. */
static bool one_noisy_round(struct team *team, double seconds, struct outcome *rows)
{
	double alone[PERCENTILES];

	if (!team_go(team, 1 << 0, seconds))
		return false;
	for (int i = 0; i < PERCENTILES; i++)
		alone[i] = outcome_percentile(&team->outcomes[0], percentiles[i]);
	for (int beside = 0; beside < NEIGHBOURS; beside++) {
		if (!team_go(team, 1 << 0 | 2 << beside, seconds))
			return false;
		for (int i = 0; i < PERCENTILES; i++) {
			double latency = outcome_percentile(&team->outcomes[0], percentiles[i]);
			double longer = 100 * (latency / alone[i] - 1);

			if (!isnan(longer))
				outcome_add(&rows[beside * PERCENTILES + i], longer);
		}
	}
	return true;
}

METRIC_RUN(noisy_neighbour)
{
	struct order order = suite_order(suite, metric, "request");
	double seconds = SHARE * metric_points(metric) * order.cap /
			 ((1 + NEIGHBOURS) * suite_rounds(suite));
	struct outcome rows[NEIGHBOURS * PERCENTILES] = {0}, common = {0};
	struct team team = team_begin(suite, &common);
	bool ok = team_add(&team, &order);

	for (int i = 0; i < NEIGHBOURS && ok; i++) {
		order = load_order(suite, metric, neighbours[i], 1);
		ok = team_add(&team, &order);
	}
	for (int round = 0; ok && round < suite_rounds(suite); round++)
		ok = one_noisy_round(&team, seconds, rows);
	team_end(&team);
	for (int point = 0; point < metric_points(metric); point++) {
		outcome_set(&rows[point], common.status, "%s", common.reason);
		rows[point].busy.throttled = common.busy.throttled;
		outcome_fact(&rows[point], "repeated=%u", team.repeated);
		outcome_fact(&rows[point], "overlap=%.3f", team.overlap);
		suite_emit(suite, metric, point, &rows[point]);
	}
}

/*
 * What the victim says when its neighbour's fault reached it: its own error, wrong results or its
 * death. That is the answer to the question, not a failure of the suite.
 */
static void judge_survival(const struct outcome *victim, const struct outcome *neighbour,
			   struct outcome *row)
{
	if (neighbour->status)
		outcome_set(row, neighbour->status, "the neighbour: %s", neighbour->reason);
	else if (victim->status)
		outcome_set(row, STATUS_INVALID, "not isolated: %s", victim->reason);
}

/*
 * One window, in which tenant 1 breaks; a sample if the victim had right results after that. false:
 * the row says why there is no more to measure.
 */
static bool survive_fault(struct suite *suite, const struct metric *metric, struct outcome *row)
{
	static const struct member members[] = {{SYSTEM, 0}, {SYSTEM, 1}};
	const struct order fault = suite_order(suite, metric, "fault");
	struct outcome outcomes[2] = {0};

	if (tenant_prepare(suite, SYSTEM, 1, &fault, row)) {
		tenants_go(suite, members, 2, FAULT_WINDOW, outcomes);
		judge_survival(&outcomes[0], &outcomes[1], row);
		tenant_kill(suite, SYSTEM, 1);
	}
	if (!row->status && outcome_number(&outcomes[1], "error_at") < outcomes[0].busy.end)
		outcome_add(row, outcomes[0].samples[0]);
	outcome_free(&outcomes[0]);
	outcome_free(&outcomes[1]);
	return !row->status;
}

METRIC_RUN(fault_isolation)
{
	struct order victim = suite_order(suite, metric, "request");
	uint64_t end = now_ns() + (uint64_t)(victim.cap * SECOND);
	struct outcome row = {0}, alone = {0};
	const struct member one = {SYSTEM, 0};
	bool ok;

	victim.argument[REQUEST_SAMPLE] = REQUEST_STALL;
	ok = tenant_prepare(suite, SYSTEM, 0, &victim, &row);
	for (int i = 0; ok && i < suite_rounds(suite) && (!i || now_ns() < end); i++) {
		/* Its stalls without a fault, to read the others by. */
		if (!tenants_go(suite, &one, 1, FAULT_WINDOW, &alone))
			outcome_set(&row, alone.status, "%s", alone.reason);
		ok = !row.status && survive_fault(suite, metric, &row);
	}
	if (!row.count)
		outcome_set(&row, STATUS_INVALID, "each fault came after the victim's last result");
	if (alone.count)
		outcome_fact(&row, "alone_ms=%.3f", outcome_percentile(&alone, 50));
	outcome_free(&alone);
	tenant_finish(suite, SYSTEM, 0);
	suite_emit(suite, metric, 0, &row);
}
