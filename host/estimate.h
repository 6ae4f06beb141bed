/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Medians with what is not known of them, the ratio or difference of two, and what that says. */
#ifndef EXITLAB_ESTIMATE_H
#define EXITLAB_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A number with its 95 % interval, which holds it. Where nothing is known of it that is 0 to
 * INFINITY for what has a ratio, which is positive, and -INFINITY to INFINITY for what has not.
 */
struct estimate {
	double value, low, high;
};

/*
 * The median of one side from those of its runs, count of them, at least 1. One run: as it is.
 * Several: the geometric mean of the medians, with Student's interval of their logarithms, for
 * which the runs are independent and their medians scatter about as a lognormal. That has the
 * variation from run to run, which no interval of one run has. It is never narrower than the runs'
 * own intervals are on average: medians of a coarse clock may agree by chance.
 */
struct estimate estimate_of_runs(const struct estimate *runs, size_t count);

/*
 * The same for medians that may be zero or negative: their arithmetic mean, with Student's interval
 * of the medians themselves, which then scatter about as a normal distribution.
 */
struct estimate estimate_of_runs_difference(const struct estimate *runs, size_t count);

/*
 * The ratio with / base of two independent estimates. Its interval is made of theirs on the scale
 * of logarithms, side by side (MOVER, the method of variance estimates recovery): with d = ln(with)
 * - ln(base), below d lies the root of the sum of the squares of what lies below with and above
 * base in their intervals; above d the same with the sides exchanged. No shape of distribution is
 * assumed, and intervals may be lopsided or of no width. Intervals of order statistics hold their
 * median with at least 95 %, so this one holds the ratio with about 95 %, more where samples are
 * few or tied.
 *
 * Its limits are theirs: samples that follow one another with a trend or in waves (a CPU that warms
 * up) are not independent, and what differs from boot to boot (addresses, page colours, what else
 * ran) is in no interval of one run. Several runs a side have both.
 */
struct estimate estimate_ratio(const struct estimate *base, const struct estimate *with);

/* The difference with - base by the same method, on the scale of the numbers themselves. */
struct estimate estimate_difference(const struct estimate *base, const struct estimate *with);

enum change { CHANGE_SAME, CHANGE_FASTER, CHANGE_SLOWER, CHANGE_UNSURE, CHANGES };

/*
 * What the interval of a ratio says where a change below margin (0.01: 1 %) is of no interest:
 *
 *   same             it lies wholly from 1 / (1 + margin) to 1 + margin
 *   faster, slower   it lies wholly beyond
 *   unsure           neither: more samples or more runs would tell
 *
 * So a side that is the same is called different in less than 5 % of cases, the less the wider the
 * margin is beside the interval. A ratio above 1 is slower, or faster where higher is better. With
 * margin 0 and an interval of no width, as where instructions are counted, same is equality and
 * nothing is ever unsure.
 */
enum change judge_ratio(const struct estimate *ratio, double margin, bool higher_is_better);

/*
 * What the interval of a difference says where a change of up to margin, in the unit of the
 * numbers, is of no interest: same where it lies wholly from -margin to margin; the rest as above.
 */
enum change judge_difference(const struct estimate *difference, double margin,
			     bool higher_is_better);

#endif
