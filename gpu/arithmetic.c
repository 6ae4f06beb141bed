// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <stdlib.h>

#include "arithmetic.h"

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sort_ascending(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), ascending);
}

double sum_of(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum;
}

double jain_index(const double *values, size_t count)
{
	double sum = sum_of(values, count), squares = 0;

	for (size_t i = 0; i < count; i++)
		squares += values[i] * values[i];
	return squares ? sum * sum / (count * squares) : NAN;
}

double variation_of(const double *values, size_t count)
{
	double mean = sum_of(values, count) / count, squares = 0;

	for (size_t i = 0; i < count; i++)
		squares += (values[i] - mean) * (values[i] - mean);
	return mean ? sqrt(squares / (count - 1)) / mean : NAN;
}

void share_out(double from, double to, double begin, double slice, size_t slices, double *shares)
{
	for (size_t i = 0; i < slices; i++) {
		double first = fmax(from, begin + i * slice);
		double last = fmin(to, begin + (i + 1) * slice);

		if (last > first)
			shares[i] += (last - first) / (to - from);
	}
}

double hit_ratio(double latency, double hit, double miss)
{
	return 100 * (miss - latency) / (miss - hit);
}

size_t first_reaching(const double *values, size_t count, double share)
{
	double greatest = values[0];
	size_t first = 0;

	for (size_t i = 1; i < count; i++)
		greatest = values[i] > greatest ? values[i] : greatest;
	while (values[first] < share * greatest)
		first++;
	return first;
}
