// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * BW: the device memory's bandwidth, alone and shared. BW-001 and BW-002 look at the same windows:
 * what all tenants had together, and how it was divided.
 */
#include "../arithmetic.h"
#include "../works/copy.h"
#include "metrics.h"
#include "team.h"
#include "turns.h"

#define BYTES_MOST    (1ull << 30) /* of a buffer; a tenant copies from one to another */
#define MEMORY_SHARE  128
#define L2_TIMES      20
#define ROUNDS_MOST   64
#define WINDOWS_SHARE 0.8 /* of a metric's time; the rest goes between them */

/* Bandwidths of each tenant in each window, GB/s, of one number of tenants. */
struct sweep {
	bool done;
	struct outcome outcome; /* of all of it: without samples */
	int rounds;
	double bandwidths[ROUNDS_MOST][TENANTS_MOST];
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Well beyond the L2, and little enough for many tenants of a small device, or of a small limit. */
static uint64_t buffer_bytes(const struct suite *suite)
{
	uint64_t bytes = least(BYTES_MOST, suite_fact(suite, "memory_bytes") / MEMORY_SHARE);
	uint64_t l2 = suite_fact(suite, "l2_bytes"), limit = suite_mem_limit(suite);

	if (l2)
		bytes = least(bytes, L2_TIMES * l2);
	return limit ? least(bytes, limit / 4) : bytes;
}

static struct order copy_order(const struct suite *suite, const struct metric *metric,
			       const char *work)
{
	struct order order = suite_order(suite, metric, work);

	order.argument[COPY_BYTES] = buffer_bytes(suite);
	return order;
}

/* One window of all of the team: a bandwidth of each, unless some were dropped for a low clock. */
static void keep_window(const struct team *team, struct sweep *sweep)
{
	double *bandwidths = sweep->bandwidths[sweep->rounds];

	for (int i = 0; i < team->count; i++) {
		if (!team->outcomes[i].count)
			return;
		bandwidths[i] = team->outcomes[i].samples[0];
	}
	sweep->rounds++;
}

/*
 * Seconds of a window of so many tenants, of all that a metric may take: longer for more of them,
 * since the device takes them in turns of milliseconds.
 */
static double window_of(const struct suite *suite, const struct metric *metric,
			const struct order *order, int count)
{
	double parts = 0;

	for (int point = 0; point < metric_points(metric); point++) {
		char name[32];

		parts += 2 + point_value(metric_point(metric, point, name, sizeof(name)));
	}
	return WINDOWS_SHARE * order->cap * metric_points(metric) * (2 + count) /
	       (parts * suite_rounds(suite));
}

/*
 * The way to copy that is the fastest for a tenant alone, for all that follows: beside others,
 * whose slices of time one trial has and the next has not, it cannot be told. row gets what is
 * known of it, or why there is none.
 */
static bool choose_way(struct suite *suite, struct order *order, struct outcome *row)
{
	static struct outcome chosen; /* its facts */

	if (!*chosen.facts) {
		*row = (struct outcome){0};
		if (!tenant_prepare(suite, SYSTEM, 0, order, row))
			return false;
		tenant_finish(suite, SYSTEM, 0);
		chosen = *row;
	}
	*row = chosen;
	order->argument[COPY_WAY] = outcome_number(row, "way");
	return true;
}

static void measure_sweep(struct suite *suite, struct order order, int count, double seconds,
			  struct sweep *sweep)
{
	bool ok = choose_way(suite, &order, &sweep->outcome);
	struct team team = team_begin(suite, &sweep->outcome);

	sweep->done = true;
	for (int i = 0; ok && i < count; i++)
		ok = team_add(&team, &order);
	for (int round = 0; ok && round < suite_rounds(suite) && round < ROUNDS_MOST; round++) {
		ok = team_go(&team, (1u << count) - 1, seconds);
		if (ok)
			keep_window(&team, sweep);
	}
	outcome_fact(&sweep->outcome, "bytes=%ju", (uintmax_t)order.argument[COPY_BYTES]);
	team_end(&team);
}

/* One row for each number of tenants, a sample for each window, whoever of both comes first. */
static void sweep_points(struct suite *suite, const struct metric *metric,
			 double (*sample)(const double *, size_t))
{
	static struct sweep sweeps[TENANTS_MOST + 1];
	struct order order = copy_order(suite, metric, "copy");

	for (int point = 0; point < metric_points(metric); point++) {
		char name[32];
		int count = point_value(metric_point(metric, point, name, sizeof(name)));
		struct sweep *sweep = &sweeps[count];
		struct outcome outcome;

		if (!sweep->done)
			measure_sweep(suite, order, count, window_of(suite, metric, &order, count),
				      sweep);
		outcome = sweep->outcome;
		for (int round = 0; round < sweep->rounds; round++)
			outcome_add(&outcome, sample(sweep->bandwidths[round], count));
		suite_emit(suite, metric, point, &outcome);
	}
}

METRIC_RUN(bandwidth_contention)
{
	sweep_points(suite, metric, sum_of);
}

METRIC_RUN(bandwidth_fairness)
{
	sweep_points(suite, metric, jain_index);
}

METRIC_RUN(bandwidth_saturation)
{
	struct order order = copy_order(suite, metric, "saturation");
	struct outcome outcome = {0};

	suite_measure(suite, SYSTEM, &order, &outcome);
	suite_emit(suite, metric, 0, &outcome);
}

METRIC_RUN(bandwidth_interference)
{
	struct order order = copy_order(suite, metric, "copy");
	struct outcome outcome = {0};

	if (choose_way(suite, &order, &outcome))
		measure_turns(suite, &order, &order, turns_window(suite, &order), turn_lost,
			      &outcome);
	suite_emit(suite, metric, 0, &outcome);
}
