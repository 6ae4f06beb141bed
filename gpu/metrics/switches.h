/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Context switches, from what two tenants saw of the device's clock: arithmetic alone. */
#ifndef EXITLAB_GPU_METRICS_SWITCHES_H
#define EXITLAB_GPU_METRICS_SWITCHES_H

#include <stddef.h>

/* When a tenant ran, ns, ascending: begin, stop, begin, stop, ... */
struct runs {
	const double *edges;
	size_t count; /* even, 2 at least */
};

struct switches {
	double *took; /* ns of each switch: from one's stop to the other's begin; the caller's */
	size_t took_count;
	double *slices; /* ns of each whole slice, from a switch to a switch; the caller's */
	size_t slice_count;
	double together; /* share of the common time in which both ran at once, 0 to 1 */
};

/*
 * Merges both timelines where they have time in common: from the later first begin to the earlier
 * last stop. What begins before the other has stopped is no switch: they run at once. Nor is a
 * pause after which the same tenant goes on: it is part of its slice. took and slices have room for
 * half the edges of both. 0, or -1: nothing in common, or a timeline is out of order.
 */
int switches_merge(const struct runs *a, const struct runs *b, struct switches *switches);

#endif
