// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* PCIE: copies between host and device. */
#include "../works/transfer.h"
#include "metrics.h"

#define BYTES (512ull << 20)

static void one_direction(struct suite *suite, const struct metric *metric, uint64_t direction)
{
	struct order order = suite_order(suite, metric, "transfer");
	struct outcome outcome = {0};

	order.argument[TRANSFER_BYTES] = BYTES;
	order.argument[TRANSFER_DIRECTION] = direction;
	order.argument[TRANSFER_MEMORY] = TRANSFER_PINNED;
	suite_measure(suite, SYSTEM, &order, &outcome);
	suite_emit(suite, metric, 0, &outcome);
}

METRIC_RUN(host_to_device)
{
	one_direction(suite, metric, TRANSFER_TO_DEVICE);
}

METRIC_RUN(device_to_host)
{
	one_direction(suite, metric, TRANSFER_TO_HOST);
}
