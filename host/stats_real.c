// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <stdlib.h>

#include "stats_real.h"

#define SMALLEST 1e-290 /* below, bins would be no normal numbers */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void stats_of_reals(double *samples, size_t n, struct stats_real *stats)
{
	size_t l = stats_median_rank(n);
	double sum = 0, squares = 0;

	qsort(samples, n, sizeof(*samples), ascending);
	for (size_t i = 0; i < n; i++)
		sum += samples[i];
	*stats = (struct stats_real){
		.n = n,
		.mean = sum / n,
		.median_low = samples[l - 1],
		.median_high = samples[n - l],
	};
	for (size_t i = 0; i < n; i++)
		squares += (samples[i] - stats->mean) * (samples[i] - stats->mean);
	stats->stddev = sqrt(squares / n);
	for (int i = 0; i < STATS_PERCENTILES; i++)
		stats->at[i] = samples[stats_rank(percentile_per10000[i], n) - 1];
}

/* Width of the bins of the octave that a value above 0 is in. */
static double width(double value)
{
	int exponent;

	frexp(value, &exponent); /* value is from 2^(exponent - 1) on */
	return ldexp(1, exponent - 1 - HISTOGRAM_BITS);
}

double histogram_real_low(double sample)
{
	if (fabs(sample) < SMALLEST)
		return 0;
	if (sample > 0)
		return floor(sample / width(sample)) * width(sample);
	/* The mirrored bin ends where that of -sample begins. */
	return -(histogram_real_low(-sample) + width(-sample));
}

double histogram_real_above(double low)
{
	int exponent;
	double mantissa = frexp(low, &exponent); /* 0.5 to below 1 */

	if (low == 0)
		return 0;
	/* A negative bin that begins at a power of two belongs to the octave nearer to 0. */
	return low + ldexp(1, exponent - 1 - (mantissa == -0.5) - HISTOGRAM_BITS);
}
