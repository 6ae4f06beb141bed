// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <stdbool.h>

#include "switches.h"

/* What one tenant had of the device before the other got it. */
struct slice {
	int who; /* 0 or 1; -1: none yet */
	double begin, stop;
	bool whole; /* it began with a switch */
};

static bool in_order(const struct runs *runs)
{
	for (size_t i = 1; i < runs->count; i++)
		if (!(runs->edges[i] >= runs->edges[i - 1]))
			return false;
	return runs->count >= 2 && runs->count % 2 == 0;
}

/* Time in which both ran. */
static double time_together(const struct runs *a, const struct runs *b)
{
	double sum = 0;

	for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
		double from = fmax(a->edges[i], b->edges[j]);
		double to = fmin(a->edges[i + 1], b->edges[j + 1]);

		sum += fmax(0, to - from);
		if (a->edges[i + 1] < b->edges[j + 1])
			i += 2;
		else
			j += 2;
	}
	return sum;
}

/* Whose run is the next by its begin, where there is one of either. */
static int whose(const struct runs *const both[], const size_t next[])
{
	if (next[0] >= both[0]->count)
		return 1;
	if (next[1] >= both[1]->count)
		return 0;
	return both[1]->edges[next[1]] < both[0]->edges[next[0]];
}

int switches_merge(const struct runs *a, const struct runs *b, struct switches *switches)
{
	const struct runs *both[] = {a, b};
	struct slice slice = {.who = -1};
	size_t next[2] = {0};
	double first, last;

	switches->took_count = switches->slice_count = 0;
	if (!in_order(a) || !in_order(b))
		return -1;
	first = fmax(a->edges[0], b->edges[0]);
	last = fmin(a->edges[a->count - 1], b->edges[b->count - 1]);
	if (last <= first)
		return -1;
	switches->together = time_together(a, b) / (last - first);
	while (next[0] < a->count || next[1] < b->count) {
		int who = whose(both, next);
		const double *run = both[who]->edges + next[who];
		/* The first begin of the later and the last stop of the earlier are the kernels'.
		 */
		bool switched = slice.who == !who && run[0] >= slice.stop && run[0] > first &&
				slice.stop < last;

		next[who] += 2;
		if (slice.who == who) {
			slice.stop = run[1];
			continue;
		}
		if (switched)
			switches->took[switches->took_count++] = run[0] - slice.stop;
		if (switched && slice.whole)
			switches->slices[switches->slice_count++] = slice.stop - slice.begin;
		slice = (struct slice){who, run[0], run[1], switched};
	}
	return 0;
}
