// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* When there are enough samples, and which of them count. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arithmetic.h"
#include "nvml.h"
#include "tenant.h"

#define CLOCK_PERIOD	(SECOND / 20) /* between two looks at the clock */
#define CLOCK_LEAST	0.75	      /* of the highest: below, samples are dropped */
#define NORMAL_QUANTILE 1.959964      /* two-sided 95 % */

double sampling_spread(const double *values, size_t count)
{
	/*
	 * Ranks of the median's interval, by the normal approximation of the binomial, rounded away
	 * from the median: one beyond the exact ones of a report at most, and never within them.
	 */
	double half = NORMAL_QUANTILE * sqrt((double)count) / 2, median, low, high;
	double *sorted;

	if (count < 6)
		return INFINITY;
	sorted = malloc(count * sizeof(*sorted));
	if (!sorted)
		return INFINITY;
	memcpy(sorted, values, count * sizeof(*sorted));
	sort_ascending(sorted, count);
	median = sorted[(count - 1) / 2];
	low = sorted[(size_t)fmax(0, floor(count / 2.0 - half - 1))];
	high = sorted[(size_t)fmin(count - 1.0, ceil(count / 2.0 + half))];
	free(sorted);
	return median ? (high - low) / 2 / fabs(median) : INFINITY;
}

/* Drops what was taken since the last look if the clock is low now. Has it? */
static bool look_at_clock(struct series *series)
{
	unsigned int most = nvml_sm_clock_max(), now = nvml_sm_clock();
	bool low = most && now && now < CLOCK_LEAST * most;

	if (low) {
		series->throttled += series->count - series->watched;
		series->count = series->watched;
	}
	series->watched = series->count;
	series->clock_read = now_ns();
	return low;
}

void sampling_watch_clock(struct tenant *tenant)
{
	tenant->series.clock_matters = true;
}

static bool is_enough(struct tenant *tenant, uint64_t now)
{
	struct series *series = &tenant->series;
	const struct order *order = &tenant->order;

	if (series->count >= (order->maximum ?: MESSAGE_SAMPLES_MOST))
		return true;
	if (tenant->window.end)
		return now >= tenant->window.end;
	if (now - series->started >= order->cap * SECOND)
		return true;
	if (now - series->started < order->least * SECOND)
		return false;
	if (series->count < order->minimum || series->count < series->judged + series->judged / 8)
		return false;
	series->judged = series->count;
	return sampling_spread(series->values, series->count) <= order->interval;
}

bool sampling_more(struct tenant *tenant)
{
	struct series *series = &tenant->series;
	uint64_t now = now_ns();
	bool enough;

	if (!series->started)
		series->started = series->clock_read = tenant->busy.start = now;
	enough = is_enough(tenant, now);
	if (series->clock_matters && (enough || now - series->clock_read >= CLOCK_PERIOD) &&
	    look_at_clock(series))
		enough = is_enough(tenant, now);
	return !enough;
}

void sampling_add(struct tenant *tenant, double value)
{
	struct series *series = &tenant->series;

	if (series->count == series->room) {
		size_t room = series->room ? 2 * series->room : 1024;
		double *values = realloc(series->values, room * sizeof(*values));

		if (!values)
			return;
		series->values = values;
		series->room = room;
	}
	series->values[series->count++] = value;
	tenant->busy.end = now_ns();
}
