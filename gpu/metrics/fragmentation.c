// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* FRAG: what allocations and frees leave of the memory. */
#include "../works/fragment.h"
#include "metrics.h"

#define ARENA_MOST   (4ull << 30)
#define MEMORY_SHARE 4 /* of the device's memory: less on a small device */

static void fragment(struct suite *suite, const struct metric *metric, uint64_t what)
{
	uint64_t arena = suite_fact(suite, "memory_bytes") / MEMORY_SHARE;
	uint64_t limit = suite_mem_limit(suite) / 4 * 3;
	struct order order = suite_order(suite, metric, "fragment");
	struct outcome outcome = {0};

	arena = limit && arena > limit ? limit : arena;
	/* The same trace in each run, as long as the cap is kept. */
	order.minimum = order.maximum = suite_rounds(suite);
	order.argument[FRAGMENT_WHAT] = what;
	order.argument[FRAGMENT_ARENA] = arena < ARENA_MOST ? arena : ARENA_MOST;
	order.argument[FRAGMENT_LIMIT] = suite_mem_limit(suite);
	suite_measure(suite, SYSTEM, &order, &outcome);
	outcome_fact(&outcome, "arena_bytes=%ju", (uintmax_t)order.argument[FRAGMENT_ARENA]);
	suite_emit(suite, metric, 0, &outcome);
}

METRIC_RUN(fragmentation)
{
	fragment(suite, metric, FRAGMENT_INDEX);
}

METRIC_RUN(fragmented_latency)
{
	fragment(suite, metric, FRAGMENT_LATENCY);
}

METRIC_RUN(compaction)
{
	fragment(suite, metric, FRAGMENT_COMPACTION);
}
