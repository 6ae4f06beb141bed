// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How many threads return from kernels, and how long they were in there, by the device's timer. */
#include <inttypes.h>
#include <stdio.h>

#include "../woven.h"
#include "example.h"

static void say(const struct woven_shared *shared)
{
	const struct probe_counts *counts = &shared->counts;

	printf("%" PRIu64 " threads entered, %" PRIu64 " returned\n", counts->entries,
	       counts->exits);
	printf("%.1f ns from entry to return on average\n",
	       counts->exits ? (double)counts->nanoseconds / counts->exits : 0.0);
}

int main(int argc, char **argv)
{
	return example_woven(argc, argv, "See threads return from kernels.", "timer", say);
}
