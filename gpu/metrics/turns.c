// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a neighbour costs a victim. Alone and together are taken in turns, so that a drift of the
 * clocks is in both; the neighbour is prepared all the time, so that its memory is, too.
 */
#include <math.h>

#include "team.h"
#include "turns.h"

#define WINDOWS_SHARE 0.8 /* of the time; the rest goes between them */

enum { VICTIM, NEIGHBOUR };

/* Medians of all rounds. */
struct turns {
	struct outcome alone, together;
};

double turns_window(const struct suite *suite, const struct order *victim)
{
	return fmin(suite_window(suite), WINDOWS_SHARE * victim->cap / (2 * suite_rounds(suite)));
}

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

/* The victim's median in one window; NAN where all its samples were dropped. false: no window. */
static bool one_window(struct team *team, bool together, double seconds, double *median)
{
	bool ok = team_go(team, 1u << VICTIM | (together ? 1u << NEIGHBOUR : 0), seconds);

	*median = outcome_percentile(&team->outcomes[VICTIM], 50);
	return ok;
}

/* Both windows of a round, and its sample. */
static bool one_round(struct team *team, int round, double seconds, double (*sample)(struct turn),
		      struct turns *turns)
{
	struct turn turn;
	bool first = round % 2;

	if (!one_window(team, first, seconds, first ? &turn.together : &turn.alone) ||
	    !one_window(team, !first, seconds, first ? &turn.alone : &turn.together))
		return false;
	if (isnan(turn.alone) || isnan(turn.together))
		return true;
	if (turn.alone <= 0) {
		outcome_set(team->row, STATUS_INVALID,
			    "the victim completed nothing in a window of %.0f ms", 1e3 * seconds);
		return false;
	}
	outcome_add(&turns->alone, turn.alone);
	outcome_add(&turns->together, turn.together);
	outcome_add(team->row, sample(turn));
	return true;
}

void measure_turns(struct suite *suite, const struct order *victim, const struct order *neighbour,
		   double seconds, double (*sample)(struct turn), struct outcome *outcome)
{
	struct team team = team_begin(suite, outcome);
	struct turns turns = {0};
	bool ok = team_add(&team, victim) && team_add(&team, neighbour);

	for (int round = 0; ok && round < suite_rounds(suite); round++)
		ok = one_round(&team, round, seconds, sample, &turns);
	if (turns.alone.count) {
		outcome_fact(outcome, "alone=%.4f", outcome_percentile(&turns.alone, 50));
		outcome_fact(outcome, "together=%.4f", outcome_percentile(&turns.together, 50));
	}
	team_end(&team);
	outcome_free(&turns.alone);
	outcome_free(&turns.together);
}
