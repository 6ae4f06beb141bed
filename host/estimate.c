// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>

#include "estimate.h"

/* The 0.975 quantile of Student's t: tabulated while few, then by the expansion about the normal.
 */
static double student(size_t freedom)
{
	static const double few[] = {12.706205, 4.302653, 3.182446, 2.776445, 2.570582,
				     2.446912,	2.364624, 2.306004, 2.262157, 2.228139};
	const double z = 1.959964;

	if (freedom <= sizeof(few) / sizeof(few[0]))
		return few[freedom - 1];
	return z + (pow(z, 3) + z) / (4.0 * freedom) +
	       (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96.0 * freedom * freedom);
}

/* How far a value lies from the first run's, on the scale on which runs are averaged. */
static double by_logarithm(double value, double first)
{
	return log(value / first);
}

static double by_difference(double value, double first)
{
	return value - first;
}

/* The mean of the runs' distances from the first, so that equal medians have exactly 0. */
static struct estimate mean_of(const struct estimate *runs, size_t count,
			       double (*distance)(double value, double first))
{
	double first = runs[0].value, mean = 0, squares = 0, below = 0, above = 0, half;

	for (size_t i = 0; i < count; i++) {
		double value = distance(runs[i].value, first);

		mean += value / count;
		below += (value - distance(runs[i].low, first)) / count;
		above += (distance(runs[i].high, first) - value) / count;
	}
	for (size_t i = 0; i < count; i++)
		squares += pow(distance(runs[i].value, first) - mean, 2);
	half = student(count - 1) * sqrt(squares / (count - 1) / count);
	/* A run without an interval of its own has nothing to say about the least width. */
	below = isfinite(below) ? fmax(half, below) : half;
	above = isfinite(above) ? fmax(half, above) : half;
	return (struct estimate){mean, mean - below, mean + above};
}

struct estimate estimate_of_runs(const struct estimate *runs, size_t count)
{
	double first = runs[0].value;
	struct estimate mean;

	if (count == 1)
		return runs[0];
	mean = mean_of(runs, count, by_logarithm);
	return (struct estimate){first * exp(mean.value), first * exp(mean.low),
				 first * exp(mean.high)};
}

struct estimate estimate_of_runs_difference(const struct estimate *runs, size_t count)
{
	double first = runs[0].value;
	struct estimate mean;

	if (count == 1)
		return runs[0];
	mean = mean_of(runs, count, by_difference);
	return (struct estimate){first + mean.value, first + mean.low, first + mean.high};
}

struct estimate estimate_ratio(const struct estimate *base, const struct estimate *with)
{
	double value = with->value / base->value;
	double below = hypot(log(with->value / with->low), log(base->high / base->value));
	double above = hypot(log(with->high / with->value), log(base->value / base->low));

	return (struct estimate){value, value * exp(-below), value * exp(above)};
}

struct estimate estimate_difference(const struct estimate *base, const struct estimate *with)
{
	double value = with->value - base->value;
	double below = hypot(with->value - with->low, base->high - base->value);
	double above = hypot(with->high - with->value, base->value - base->low);

	return (struct estimate){value, value - below, value + above};
}

/* What an interval says of which `least` to `most` is no change. */
static enum change judge(const struct estimate *estimate, double least, double most,
			 bool higher_is_better)
{
	if (estimate->low >= least && estimate->high <= most)
		return CHANGE_SAME;
	if (estimate->low > most)
		return higher_is_better ? CHANGE_FASTER : CHANGE_SLOWER;
	if (estimate->high < least)
		return higher_is_better ? CHANGE_SLOWER : CHANGE_FASTER;
	return CHANGE_UNSURE;
}

enum change judge_ratio(const struct estimate *ratio, double margin, bool higher_is_better)
{
	return judge(ratio, 1 / (1 + margin), 1 + margin, higher_is_better);
}

enum change judge_difference(const struct estimate *difference, double margin,
			     bool higher_is_better)
{
	return judge(difference, -margin, margin, higher_is_better);
}
