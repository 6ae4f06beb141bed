// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Completions are counted in slices from the change on. What a slice has is judged by the median of
 * some slices, since one hiccup of the host is no change of the limit.
 */
#include <math.h>

#include "../arithmetic.h"
#include "response.h"

#define TOLERANCE    0.1 /* of the level */
#define SLICE_LEAST  5.0 /* ms */
#define SLICE_COUNTS 20	 /* completions in a slice at the lowest level */
#define SLICES_LEAST 8	 /* between two changes */
#define SLICES_MOST  1000
#define AROUND	     2 /* slices on either side of one that is judged, by the median of all */

double response_rate(const struct outcome *times, double from, double to)
{
	double first = 0, last = 0;
	size_t count = 0;

	for (size_t i = 0; i < times->count; i++) {
		if (times->samples[i] < from || times->samples[i] > to)
			continue;
		first = count++ ? first : times->samples[i];
		last = times->samples[i];
	}
	return count > 2 ? (count - 1) / (last - first) * 1e3 : NAN;
}

/* Median of the value and those around it; what is beyond the end is left out. */
static double smoothed(const double *values, size_t count, size_t i)
{
	double sorted[2 * AROUND + 1] = {0};
	size_t n = 0;

	for (size_t j = i - AROUND; j <= i + AROUND && j < count; j++)
		sorted[n++] = values[j];
	sort_ascending(sorted, n);
	return sorted[(n - 1) / 2];
}

/*
 * ms from the change to the end of the first slice from which on the throughput is its level. The
 * slices before the change are what those behind it are smoothed with.
 */
static double response(const struct outcome *times, const struct stretch *stretch, double slice)
{
	double counts[AROUND + SLICES_MOST] = {0};
	size_t count = AROUND + fmin((stretch->to - stretch->from) / slice, SLICES_MOST);
	size_t i = count;

	for (size_t j = 0; j < times->count; j++) {
		double at = AROUND + (times->samples[j] - stretch->from) / slice;

		if (at >= 0 && at < count)
			counts[(size_t)at]++;
	}
	while (i > AROUND && fabs(smoothed(counts, count, i - 1) * 1e3 / slice - stretch->level) <=
				     TOLERANCE * stretch->level)
		i--;
	return (i - AROUND + 1) * slice;
}

/* Did the throughput follow the limit at least half of the way, by its logarithm? */
static bool followed(const struct stretch *before, const struct stretch *after)
{
	double wanted = log((double)after->limit / before->limit);

	return log(after->level / before->level) / wanted >= 0.5;
}

void response_judge(const struct outcome *times, struct stretch *stretches, int count,
		    struct outcome *outcome)
{
	double lowest = INFINITY, slice;

	for (int i = 0; i < count; i++) {
		struct stretch *stretch = &stretches[i];

		stretch->level =
			response_rate(times, (stretch->from + stretch->to) / 2, stretch->to);
		lowest = fmin(lowest, isnan(stretch->level) ? 0 : stretch->level);
	}
	slice = fmax(SLICE_LEAST, SLICE_COUNTS * 1e3 / lowest);
	if (!((stretches[0].to - stretches[0].from) / slice >= SLICES_LEAST)) {
		outcome_set(outcome, STATUS_INVALID,
			    "%.0f products a second are too few to time a change by", lowest);
		return;
	}
	for (int i = 1; i < count; i++) {
		if (followed(&stretches[i - 1], &stretches[i]))
			outcome_add(outcome, response(times, &stretches[i], slice));
		else
			outcome_set(outcome, STATUS_INVALID,
				    "the limit went from %u %% to %u %%, the throughput from %.0f "
				    "to %.0f a second",
				    stretches[i - 1].limit, stretches[i].limit,
				    stretches[i - 1].level, stretches[i].level);
	}
	outcome_fact(outcome, "slice_ms=%.2f", slice);
}
