// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a neighbour costs a victim. Alone and together are taken in turns, so that a drift of the
 * clocks is in both; the neighbour is prepared all the time, so that its memory is, too.
 */
#include <math.h>

#include "turns.h"

enum { VICTIM, NEIGHBOUR, SIDES };

/* What is gathered of all rounds. */
struct turns {
	struct outcome alone, together; /* medians */
	double overlap;			/* the least */
};

double turn_lost(struct turn turn)
{
	return 100 * (turn.alone - turn.together) / turn.alone;
}

double turn_longer(struct turn turn)
{
	return 100 * (turn.together - turn.alone) / turn.alone;
}

double turn_together(struct turn turn)
{
	return turn.together;
}

/* One window of the victim alone, or of both. false: the outcome says why. */
static bool one_window(struct suite *suite, bool together, double seconds, struct turns *turns,
		       double *median, struct outcome *outcome)
{
	const struct member members[] = {{SYSTEM, VICTIM}, {SYSTEM, NEIGHBOUR}};
	struct outcome sides[SIDES] = {0};
	int count = together ? SIDES : 1;
	bool ok = tenants_go(suite, members, count, seconds, sides);

	if (together && ok) {
		double overlap = overlap_of(sides, SIDES);

		turns->overlap = overlap < turns->overlap ? overlap : turns->overlap;
	}
	*median = outcome_percentile(&sides[VICTIM], 50);
	for (int i = 0; i < count; i++) {
		outcome_set(outcome, sides[i].status, "%s", sides[i].reason);
		outcome->busy.throttled += sides[i].busy.throttled;
		outcome_free(&sides[i]);
	}
	return ok;
}

/* Both windows of a round, and its sample; without one where all was dropped for a low clock. */
static bool one_round(struct suite *suite, int round, double seconds, struct turns *turns,
		      double (*sample)(struct turn), struct outcome *outcome)
{
	struct turn turn;
	bool first = round % 2;

	if (!one_window(suite, first, seconds, turns, first ? &turn.together : &turn.alone,
			outcome) ||
	    !one_window(suite, !first, seconds, turns, first ? &turn.alone : &turn.together,
			outcome))
		return false;
	if (isnan(turn.alone) || isnan(turn.together))
		return true;
	if (turn.alone <= 0) {
		outcome_set(outcome, STATUS_INVALID,
			    "the victim completed nothing in a window of %.0f ms", 1e3 * seconds);
		return false;
	}
	outcome_add(&turns->alone, turn.alone);
	outcome_add(&turns->together, turn.together);
	outcome_add(outcome, sample(turn));
	return true;
}

void measure_turns(struct suite *suite, const struct order *victim, const struct order *neighbour,
		   double seconds, double (*sample)(struct turn), struct outcome *outcome)
{
	struct turns turns = {.overlap = 1};
	struct outcome ignored = {0};
	bool ok = tenant_prepare(suite, SYSTEM, VICTIM, victim, outcome) &&
		  tenant_prepare(suite, SYSTEM, NEIGHBOUR, neighbour, &ignored);

	outcome_set(outcome, ignored.status, "%s", ignored.reason);
	for (int round = 0; ok && round < suite_rounds(suite); round++)
		ok = one_round(suite, round, seconds, &turns, sample, outcome);
	tenant_finish(suite, SYSTEM, VICTIM);
	tenant_finish(suite, SYSTEM, NEIGHBOUR);
	if (turns.alone.count) {
		outcome_fact(outcome, "alone=%.4f", outcome_percentile(&turns.alone, 50));
		outcome_fact(outcome, "together=%.4f", outcome_percentile(&turns.together, 50));
		outcome_fact(outcome, "overlap=%.3f", turns.overlap);
	}
	if (ok && turns.overlap < OVERLAP_LEAST)
		outcome_set(outcome, STATUS_INVALID,
			    "the tenants worked together for %.2f of the time only", turns.overlap);
	outcome_free(&turns.alone);
	outcome_free(&turns.together);
}
