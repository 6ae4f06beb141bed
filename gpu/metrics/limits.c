// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* IS-001, IS-002: is a memory limit where it was set, and for every way to allocate? */
#include "../works/fill.h"
#include "metrics.h"

/* Room on the device beyond what a tenant that is not limited would be found with. */
#define DEVICE_SPARE 0.9

/* Could the device itself not give more than the limit? Then a refusal would say nothing. */
static bool is_out_of_reach(struct suite *suite, const struct metric *metric)
{
	double limit = suite_mem_limit(suite);

	if (limit * FILL_MOST <= suite_fact(suite, "memory_bytes") * DEVICE_SPARE)
		return false;
	suite_emit_rest(
		suite, metric, STATUS_WAIVED,
		"the limit is too near to the device's memory to tell its refusals from the "
		"device's: MEM_LIMIT= of half of it or less");
	return true;
}

METRIC_RUN(memory_limit)
{
	struct order order = suite_order(suite, metric, "fill");
	struct outcome outcome = {0};

	if (is_out_of_reach(suite, metric))
		return;
	order.argument[FILL_LIMIT] = suite_mem_limit(suite);
	suite_measure(suite, SYSTEM, &order, &outcome);
	suite_emit(suite, metric, 0, &outcome);
}

METRIC_RUN(over_allocation)
{
	if (is_out_of_reach(suite, metric))
		return;
	for (int point = 0; point < metric_points(metric); point++) {
		struct order order = suite_order(suite, metric, "exceed");
		struct outcome outcome = {0};

		metric_point(metric, point, order.text, sizeof(order.text));
		order.argument[FILL_LIMIT] = suite_mem_limit(suite);
		suite_measure(suite, SYSTEM, &order, &outcome);
		suite_emit(suite, metric, point, &outcome);
	}
}
