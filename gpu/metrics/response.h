/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How soon a rate follows a limit that is changed: the arithmetic of IS-003 and IS-004. */
#ifndef EXITLAB_GPU_METRICS_RESPONSE_H
#define EXITLAB_GPU_METRICS_RESPONSE_H

#include "../suite.h"

/* The time between two changes of the limit. */
struct stretch {
	double from, to;    /* ms */
	unsigned int limit; /* percent */
	double level; /* completions a second that it comes to in its second half; NAN: too few */
};

/*
 * Completions a second of those from a moment to another, ms; times has the moment of each as a
 * sample, ascending. NAN where there are fewer than three.
 */
double response_rate(const struct outcome *times, double from, double to);

/*
 * Adds a sample for each change: ms from it to the end of the first slice from which on the rate
 * stays within a tenth of its new level. INVALID where a rate did not follow its limit, or where
 * there are too few completions to say. Sets the levels.
 */
void response_judge(const struct outcome *times, struct stretch *stretches, int count,
		    struct outcome *outcome);

#endif
