// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ERR: what a tenant that breaks costs itself. */
#include "../works/request.h"
#include "metrics.h"

#define FAULTS_MOST 10 /* each takes a process of its own, or two */

/* A tenant makes an illegal access; then it is ended. false: row says why. */
static bool break_one(struct suite *suite, const struct order *order, struct outcome *outcome)
{
	const struct member one = {SYSTEM, 0};
	bool ok = tenant_prepare(suite, SYSTEM, 0, order, outcome) &&
		  tenants_go(suite, &one, 1, 0, outcome);

	tenant_kill(suite, SYSTEM, 0);
	return ok;
}

/* So many samples as there is time for. Each begins with no tenant at all. */
static void in_new_processes(struct suite *suite, const struct metric *metric,
			     bool (*once)(struct suite *suite, const struct metric *metric,
					  struct outcome *row))
{
	const struct order order = suite_order(suite, metric, "fault");
	uint64_t end = now_ns() + (uint64_t)(order.cap * SECOND);
	struct outcome row = {0};

	tenants_dismiss(suite);
	for (int i = 0; i < FAULTS_MOST && (!i || now_ns() < end); i++)
		if (!once(suite, metric, &row))
			break;
	suite_emit(suite, metric, 0, &row);
}

static bool detect(struct suite *suite, const struct metric *metric, struct outcome *row)
{
	const struct order order = suite_order(suite, metric, "fault");
	struct outcome outcome = {0};
	bool ok = break_one(suite, &order, &outcome);

	outcome_set(row, outcome.status, "%s", outcome.reason);
	if (ok && !row->count)
		snprintf(row->facts, sizeof(row->facts), "%s", outcome.facts);
	if (ok)
		outcome_add(row, outcome.samples[0]);
	outcome_free(&outcome);
	return ok;
}

METRIC_RUN(error_detection)
{
	in_new_processes(suite, metric, detect);
}

/* The broken process is ended first: its memory is another's only then. */
static bool recover(struct suite *suite, const struct metric *metric, struct outcome *row)
{
	const struct order fault = suite_order(suite, metric, "fault");
	struct order order = suite_order(suite, metric, "request");
	struct outcome broken = {0}, right = {0};
	bool ok;

	order.argument[REQUEST_SAMPLE] = REQUEST_ONCE;
	order.maximum = 1;
	ok = break_one(suite, &fault, &broken) && suite_measure(suite, SYSTEM, &order, &right);
	outcome_set(row, broken.status, "%s", broken.reason);
	outcome_set(row, right.status, "%s", right.reason);
	if (ok)
		outcome_add(row, (outcome_number(&right, "right_at") -
				  outcome_number(&broken, "error_at")) /
					 1e6);
	tenant_kill(suite, SYSTEM, 0);
	outcome_free(&broken);
	outcome_free(&right);
	return ok;
}

METRIC_RUN(error_recovery)
{
	in_new_processes(suite, metric, recover);
}

METRIC_RUN(degradation)
{
	struct order order = suite_order(suite, metric, "degradation");
	struct outcome row = {0};

	/* A loss around zero has no relative interval: as many samples as of a contention. */
	order.maximum = suite_rounds(suite);
	suite_measure(suite, SYSTEM, &order, &row);
	suite_emit(suite, metric, 0, &row);
}
