// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* IS: how much tenants notice of each other. */
#include <math.h>

#include "../works/load.h"
#include "metrics.h"
#include "team.h"

static struct order load_order(const struct suite *suite, const struct metric *metric,
			       uint64_t kind, uint64_t slices)
{
	struct order order = suite_order(suite, metric, "load");

	order.argument[LOAD_KIND] = kind;
	order.argument[LOAD_SLICES] = slices;
	return order;
}

/* Alone and together in turns, so that what drifts does so in both. */
METRIC_RUN(compute_isolation)
{
	struct order order = load_order(suite, metric, LOAD_COMPUTE, 1);
	double seconds = suite_window(suite);
	struct outcome row = {0};
	struct team team = team_begin(suite, &row);

	if (team_add(&team, &order) && team_add(&team, &order)) {
		for (int round = 0; round < suite_rounds(suite); round++) {
			double alone, together;

			if (!team_go(&team, 0, 1, seconds))
				break;
			alone = team_mean(&team, 0);
			if (!team_go(&team, 0, 2, seconds))
				break;
			together = team_mean(&team, 0);
			if (!isnan(alone) && !isnan(together))
				outcome_add(&row, 100 * (1 - together / alone));
		}
	}
	team_end(&team);
	suite_emit(suite, metric, 0, &row);
}
