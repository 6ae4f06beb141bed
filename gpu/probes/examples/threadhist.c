// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How many threads ran how often: by its place in the grid each has a counter on the device. */
#include <inttypes.h>
#include <stdio.h>

#include "../../../host/util.h"
#include "../woven.h"
#include "example.h"

static void say(const struct woven_shared *shared)
{
	const struct probe_counts *counts = &shared->counts;

	printf("%" PRIu64 " threads of the grid ran, %" PRIu64 " times in all\n", counts->elements,
	       counts->sum);
	printf("each from %" PRIu64 " to %" PRIu64 " times, %.1f on average\n", counts->least,
	       counts->most, counts->elements ? (double)counts->sum / counts->elements : 0.0);
	example_histogram("times, at least", "threads", counts->slots, ARRAY_SIZE(counts->slots));
	if (counts->overflow)
		printf("%" PRIu64 " times by threads beyond the table\n", counts->overflow);
}

int main(int argc, char **argv)
{
	return example_woven(argc, argv, "Show how many threads ran how often: a histogram.",
			     "threads", say);
}
