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

/* Did they work at the same time? */
static void check_overlap(struct team *team, const struct outcome *outcomes, int count)
{
	double overlap = overlap_of(outcomes, count);

	team->overlap = fmin(team->overlap, overlap);
	if (overlap < OVERLAP_LEAST)
		outcome_set(team->row, STATUS_INVALID,
			    "the tenants worked together for %.0f %% of the time only, not %.0f %%",
			    100 * overlap, 100 * OVERLAP_LEAST);
}

bool team_go(struct team *team, unsigned int members, double seconds)
{
	struct outcome outcomes[TENANTS_MOST] = {0};
	struct member list[TENANTS_MOST] = {0};
	int count = 0;
	bool ok;

	for (int i = 0; i < team->count; i++) {
		outcome_free(&team->outcomes[i]);
		if (members & 1u << i)
			list[count++] = (struct member){SYSTEM, i};
	}
	ok = tenants_go(team->suite, list, count, seconds, outcomes);
	for (int i = 0; i < count; i++) {
		team->outcomes[list[i].index] = outcomes[i];
		team->row->busy.throttled += outcomes[i].busy.throttled;
		outcome_set(team->row, outcomes[i].status, "%s", outcomes[i].reason);
	}
	if (ok && count > 1)
		check_overlap(team, outcomes, count);
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
	for (int i = 0; i < team->count; i++) {
		tenant_finish(team->suite, SYSTEM, i);
		outcome_free(&team->outcomes[i]);
	}
}
