// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* PCIE: copies between host and device. */
#include <math.h>

#include "../works/transfer.h"
#include "metrics.h"
#include "turns.h"

#define BYTES_MOST   (512ull << 20)
#define MEMORY_SHARE 64	  /* of the device's memory: less on a small device */
#define PLAIN_APART  0.02 /* of the samples' median and a plain loop of copies */

static struct order transfer_order(const struct suite *suite, const struct metric *metric,
				   const char *work, uint64_t direction)
{
	struct order order = suite_order(suite, metric, work);
	uint64_t bytes = suite_fact(suite, "memory_bytes") / MEMORY_SHARE;
	uint64_t limit = suite_mem_limit(suite) / 4;

	bytes = limit && bytes > limit ? limit : bytes;
	/* Whole words, whatever the limit is. */
	order.argument[TRANSFER_BYTES] = bytes < BYTES_MOST ? bytes / 4096 * 4096 : BYTES_MOST;
	order.argument[TRANSFER_DIRECTION] = direction;
	return order;
}

static void emit(struct suite *suite, const struct metric *metric, int point,
		 const struct order *order, struct outcome *outcome)
{
	outcome_fact(outcome, "bytes=%ju", (uintmax_t)order->argument[TRANSFER_BYTES]);
	suite_emit(suite, metric, point, outcome);
}

/* One copy at a time and many in a row must come to the same, or one of them is timed wrongly. */
static void compare_with_plain(struct outcome *outcome)
{
	double plain = outcome_number(outcome, "plain"), median = outcome_percentile(outcome, 50);

	if (outcome->status == STATUS_OK && !(fabs(median / plain - 1) <= PLAIN_APART))
		outcome_set(outcome, STATUS_INVALID,
			    "the median, %.2f GB/s, is more than %.0f %% from %.2f GB/s of a plain "
			    "loop of copies",
			    median, 100 * PLAIN_APART, plain);
}

static void one_direction(struct suite *suite, const struct metric *metric, uint64_t direction)
{
	struct order order = transfer_order(suite, metric, "transfer", direction);
	struct outcome outcome = {0};

	suite_measure(suite, SYSTEM, &order, &outcome);
	compare_with_plain(&outcome);
	emit(suite, metric, 0, &order, &outcome);
}

METRIC_RUN(host_to_device)
{
	one_direction(suite, metric, TRANSFER_TO_DEVICE);
}

METRIC_RUN(device_to_host)
{
	one_direction(suite, metric, TRANSFER_TO_HOST);
}

/* Both have the points h2d and d2h. */
METRIC_RUN(transfer_contention)
{
	for (int point = 0; point < metric_points(metric); point++) {
		struct order order = transfer_order(suite, metric, "transfer",
						    point ? TRANSFER_TO_HOST : TRANSFER_TO_DEVICE);
		struct outcome outcome = {0};

		measure_turns(suite, &order, &order, turns_window(suite, &order), turn_together,
			      &outcome);
		emit(suite, metric, point, &order, &outcome);
	}
}

METRIC_RUN(pageable)
{
	for (int point = 0; point < metric_points(metric); point++) {
		struct order order = transfer_order(suite, metric, "pageable",
						    point ? TRANSFER_TO_HOST : TRANSFER_TO_DEVICE);
		struct outcome outcome = {0};

		suite_measure(suite, SYSTEM, &order, &outcome);
		emit(suite, metric, point, &order, &outcome);
	}
}
