// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>

#include "arithmetic.h"

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
