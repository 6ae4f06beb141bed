/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the work "request". */
#ifndef EXITLAB_GPU_WORKS_REQUEST_H
#define EXITLAB_GPU_WORKS_REQUEST_H

enum { REQUEST_SAMPLE }; /* index of order.argument[] */

/* What a sample is. */
enum {
	REQUEST_LATENCY, /* us of each request */
	REQUEST_STALL,	 /* ms, the longest time of the window between two right results */
	REQUEST_ONCE,	 /* us of the one request that a new process does as soon as it can */
};

#endif
