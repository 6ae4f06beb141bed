// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SCHED: how the device shares its time among kernels, streams and tenants. */
#include <math.h>
#include <stdlib.h>

#include "../works/load.h"
#include "metrics.h"
#include "switches.h"
#include "team.h"
#include "turns.h"

#define SWITCH_WINDOW 0.4   /* seconds: a hundred slices or so */
#define AT_ONCE	      0.5   /* of the common time: so much together is no time-slicing */
#define LONG_US	      10000 /* of the neighbour's kernels that a short one is beside */
#define WINDOW_LEAST  0.04  /* seconds: several of them */

METRIC_RUN(launch_overhead)
{
	suite_each_point(suite, metric, "launch_rate");
}

METRIC_RUN(stream_concurrency)
{
	suite_each_point(suite, metric, "streams");
}

/* The switches of one window into the row, the slices into theirs. false: the row says why. */
static bool take_switches(struct team *team, struct outcome *slices)
{
	const struct outcome *a = &team->outcomes[0], *b = &team->outcomes[1];
	const struct runs runs[] = {{a->samples, a->count}, {b->samples, b->count}};
	struct switches switches = {
		.took = calloc(a->count + b->count, sizeof(double)),
		.slices = calloc(a->count + b->count, sizeof(double)),
	};

	if (!switches.took || !switches.slices)
		outcome_set(team->row, STATUS_FAILED, "no memory");
	else if (switches_merge(&runs[0], &runs[1], &switches))
		outcome_set(team->row, STATUS_INVALID,
			    "by the device's clock the tenants had no time in common");
	else if (switches.together > AT_ONCE)
		outcome_set(team->row, STATUS_WAIVED,
			    "the tenants run at once (%.0f %% of the time): nothing is switched",
			    100 * switches.together);
	for (size_t i = 0; !team->row->status && i < switches.took_count; i++)
		outcome_add(team->row, switches.took[i] / 1e3);
	for (size_t i = 0; !team->row->status && i < switches.slice_count; i++)
		outcome_add(slices, switches.slices[i] / 1e6);
	free(switches.took);
	free(switches.slices);
	return team->row->status == STATUS_OK;
}

METRIC_RUN(context_switch)
{
	struct order order = suite_order(suite, metric, "timeline");
	int windows = fmax(1, order.cap / (SWITCH_WINDOW + 0.1));
	struct outcome row = {0}, slices = {0};
	struct team team = team_begin(suite, &row);
	bool ok = team_add(&team, &order) && team_add(&team, &order);
	double tick = NAN;

	for (int i = 0; ok && i < windows; i++) {
		ok = team_go(&team, 1 << 0 | 1 << 1, SWITCH_WINDOW);
		if (ok)
			tick = outcome_number(&team.outcomes[0], "tick");
		ok = ok && take_switches(&team, &slices);
	}
	if (row.status)
		row.count = 0;
	outcome_fact(&row, "tick_ns=%.0f", tick);
	if (slices.count)
		outcome_fact(&row, "slice_ms=%.3f", outcome_percentile(&slices, 50));
	outcome_free(&slices);
	team_end(&team);
	suite_emit(suite, metric, 0, &row);
}

/* Microseconds that a request takes longer. */
static double turn_delay(struct turn turn)
{
	return turn.together - turn.alone;
}

/* Requests alone, and while another tenant's kernels are long. */
static void beside_tenant(struct suite *suite, const struct metric *metric, int point)
{
	struct order victim = suite_order(suite, metric, "request");
	struct order neighbour = suite_order(suite, metric, "load");
	double seconds = fmax(victim.cap / (2.5 * suite_rounds(suite)), WINDOW_LEAST);
	struct outcome row = {0};

	neighbour.argument[LOAD_KIND] = LOAD_COMPUTE;
	neighbour.argument[LOAD_KERNEL_US] = LONG_US;
	measure_turns(suite, &victim, &neighbour, seconds, turn_delay, &row);
	suite_emit(suite, metric, point, &row);
}

METRIC_RUN(preemption)
{
	struct order order = suite_order(suite, metric, "preemption");
	struct outcome row = {0};

	suite_measure(suite, SYSTEM, &order, &row);
	suite_emit(suite, metric, 0, &row);
	beside_tenant(suite, metric, 1);
}
