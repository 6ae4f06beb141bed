// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which addresses of global memory a kernel reads and writes. */
#include <inttypes.h>
#include <stdio.h>

#include "../woven.h"
#include "example.h"

#define SHOWN 12

static void say(const struct woven_shared *shared)
{
	static const char *const kinds[] = {"load", "store", "atomic"};
	const struct probe_counts *counts = &shared->counts;

	printf("%u loads and %u stores in the code, %" PRIu64 " accesses by threads\n",
	       shared->loads, shared->stores, counts->accesses);
	printf("%" PRIu64 " events of warps, %" PRIu64 " written over before they were read\n",
	       counts->events, counts->lost);
	printf("%-6s  %18s  %5s  %6s  %5s  %5s\n", "access", "first address", "bytes", "stride",
	       "block", "warp");
	for (uint64_t i = 0; i < shared->events && i < SHOWN; i++) {
		const struct probe_event *event = &shared->event[i];

		printf("%-6s  %#18" PRIx64 "  %5u  %6d  %5u  %5u\n", kinds[event->kind % 3],
		       event->value, event->bytes, event->stride, event->block, event->warp);
	}
}

int main(int argc, char **argv)
{
	return example_woven(argc, argv, "Trace accesses to global memory.", "memtrace", say);
}
