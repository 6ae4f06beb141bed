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

struct estimate estimate_of_runs(const struct estimate *runs, size_t count)
{
	double first = runs[0].value, mean = 0, squares = 0, below = 0, above = 0, half;

	if (count == 1)
		return runs[0];
	/* By the first, so that equal medians have exactly that one as their mean. */
	for (size_t i = 0; i < count; i++) {
		mean += log(runs[i].value / first) / count;
		below += log(runs[i].value / runs[i].low) / count;
		above += log(runs[i].high / runs[i].value) / count;
	}
	for (size_t i = 0; i < count; i++)
		squares += pow(log(runs[i].value / first) - mean, 2);
	half = student(count - 1) * sqrt(squares / (count - 1) / count);
	/* A run without an interval of its own has nothing to say about the least width. */
	below = isfinite(below) ? fmax(half, below) : half;
	above = isfinite(above) ? fmax(half, above) : half;
	return (struct estimate){first * exp(mean), first * exp(mean - below),
				 first * exp(mean + above)};
}

struct estimate estimate_ratio(const struct estimate *base, const struct estimate *with)
{
	double value = with->value / base->value;
	double below = hypot(log(with->value / with->low), log(base->high / base->value));
	double above = hypot(log(with->high / with->value), log(base->value / base->low));

	return (struct estimate){value, value * exp(-below), value * exp(above)};
}

enum change judge_ratio(const struct estimate *ratio, double margin, bool higher_is_better)
{
	double most = 1 + margin, least = 1 / most;

	if (ratio->low >= least && ratio->high <= most)
		return CHANGE_SAME;
	if (ratio->low > most)
		return higher_is_better ? CHANGE_FASTER : CHANGE_SLOWER;
	if (ratio->high < least)
		return higher_is_better ? CHANGE_SLOWER : CHANGE_FASTER;
	return CHANGE_UNSURE;
}
