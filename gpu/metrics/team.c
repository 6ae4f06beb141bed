// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>

#include "team.h"

struct team team_begin(struct suite *suite, struct outcome *row)
{
	return (struct team){.suite = suite, .row = row, .overlap = 1};
}

bool team_add(struct team *team, const struct order *order)
{
	return tenant_prepare(team->suite, SYSTEM, team->count++, order, team->row);
}

static void forget(struct team *team)
{
	for (int i = 0; i < TENANTS_MOST; i++)
		outcome_free(&team->outcomes[i]);
}

bool team_go(struct team *team, int first, int count, double seconds)
{
	struct member members[TENANTS_MOST];
	struct outcome *outcomes = team->outcomes + first;
	double overlap;

	forget(team);
	for (int i = 0; i < count; i++)
		members[i] = (struct member){SYSTEM, first + i};
	if (!tenants_go(team->suite, members, count, seconds, outcomes)) {
		for (int i = 0; i < count; i++)
			if (outcomes[i].status)
				outcome_set(team->row, outcomes[i].status, "%s",
					    outcomes[i].reason);
		return false;
	}
	for (int i = 0; i < count; i++)
		team->row->busy.throttled += outcomes[i].busy.throttled;
	overlap = overlap_of(outcomes, count);
	if (count > 1 && overlap < team->overlap)
		team->overlap = overlap;
	if (count > 1 && overlap < OVERLAP_LEAST)
		outcome_set(team->row, STATUS_INVALID,
			    "the tenants worked together for %.0f %% of the time only, not %.0f %%",
			    100 * overlap, 100 * OVERLAP_LEAST);
	return team->row->status == STATUS_OK;
}

double team_mean(const struct team *team, int member)
{
	const struct outcome *outcome = &team->outcomes[member];
	double sum = 0;

	for (size_t i = 0; i < outcome->count; i++)
		sum += outcome->samples[i];
	return outcome->count ? sum / outcome->count : NAN;
}

void team_end(struct team *team)
{
	if (team->count > 1)
		outcome_fact(team->row, "overlap=%.3f", team->overlap);
	for (int i = 0; i < team->count; i++)
		tenant_finish(team->suite, SYSTEM, i);
	forget(team);
}
