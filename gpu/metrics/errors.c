// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ERR: what a tenant that breaks costs itself. */
#include "metrics.h"

#define FAULTS_MOST 10 /* each takes a process of its own */

METRIC_RUN(error_detection)
{
	struct order order = suite_order(suite, metric, "fault");
	uint64_t end = now_ns() + (uint64_t)(order.cap * SECOND);
	const struct member one = {SYSTEM, 0};
	struct outcome row = {0};

	/* All samples are of fresh processes. */
	tenants_dismiss(suite);
	for (int i = 0; i < FAULTS_MOST && (!i || now_ns() < end); i++) {
		bool ok = tenant_prepare(suite, SYSTEM, 0, &order, &row) &&
			  tenants_go(suite, &one, 1, 0, &row);

		tenant_kill(suite, SYSTEM, 0);
		if (!ok)
			break;
	}
	suite_emit(suite, metric, 0, &row);
}
