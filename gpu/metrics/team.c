// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>

#include "../arithmetic.h"
#include "team.h"

#define REPEATS_MOST 3 /* of one window: beyond, it is no accident */

struct team team_begin(struct suite *suite, struct outcome *row)
{
	return (struct team){.suite = suite, .row = row, .overlap = 1};
}

bool team_add(struct team *team, const struct order *order)
{
	return tenant_prepare(team->suite, SYSTEM, team->count++, order, team->row);
}

static bool go_once(struct team *team, const struct member *list, int count, double seconds,
		    double *overlap)
{
	struct outcome outcomes[TENANTS_MOST] = {0};
	double verified;

	for (int i = 0; i < team->count; i++)
		outcome_free(&team->outcomes[i]);
	tenants_go(team->suite, list, count, seconds, outcomes);
	for (int i = 0; i < count; i++) {
		team->outcomes[list[i].index] = outcomes[i];
		verified = outcome_number(&outcomes[i], "verified");
		team->verified += isnan(verified) ? 0 : verified;
		team->row->busy.throttled += outcomes[i].busy.throttled;
		outcome_set(team->row, outcomes[i].status, "%s", outcomes[i].reason);
	}
	*overlap = overlap_of(outcomes, count);
	return team->row->status == STATUS_OK;
}

bool team_go(struct team *team, unsigned int members, double seconds)
{
	struct member list[TENANTS_MOST] = {0};
	double overlap = 0;
	int count = 0;

	for (int i = 0; i < team->count; i++)
		if (members & 1u << i)
			list[count++] = (struct member){SYSTEM, i};
	for (int again = 0; again <= REPEATS_MOST && overlap < OVERLAP_LEAST; again++) {
		team->repeated += again > 0;
		if (!go_once(team, list, count, seconds, &overlap))
			return false;
	}
	team->overlap = fmin(team->overlap, overlap);
	if (overlap < OVERLAP_LEAST)
		outcome_set(team->row, STATUS_INVALID,
			    "the tenants worked together for %.0f %% of the time only, not %.0f %%",
			    100 * overlap, 100 * OVERLAP_LEAST);
	return team->row->status == STATUS_OK;
}

double team_mean(const struct team *team, int member)
{
	const struct outcome *outcome = &team->outcomes[member];

	return outcome->count ? sum_of(outcome->samples, outcome->count) / outcome->count : NAN;
}

void team_end(struct team *team)
{
	if (team->count > 1) {
		outcome_fact(team->row, "repeated=%u", team->repeated);
		outcome_fact(team->row, "overlap=%.3f", team->overlap);
	}
	if (team->verified)
		outcome_fact(team->row, "verified=%.0f", team->verified);
	for (int i = 0; i < team->count; i++) {
		tenant_finish(team->suite, SYSTEM, i);
		outcome_free(&team->outcomes[i]);
	}
}
