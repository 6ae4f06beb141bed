/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A probe on the device: a library that is preloaded weaves it into the PTX that the workload
 * loads. What it counted is in memory that the library shares with the process that is the probe.
 */
#ifndef EXITLAB_PROBES_WOVEN_H
#define EXITLAB_PROBES_WOVEN_H

#include <stdint.h>

#include "probed.h"

/* The variables by which the library is told: a name of probes.def, the file to map. */
#define WOVEN_NAME "EXITLAB_WOVEN"
#define WOVEN_FILE "EXITLAB_WOVEN_FILE"

#define WOVEN_EVENTS 4096 /* the first ones of rings, for who wants to see some */

struct woven_shared {
	uint32_t modules;	    /* woven, and their counts collected */
	uint32_t loads, stores;	    /* places in the code that an access probe is called from */
	struct probe_counts counts; /* of all of them */
	char error[256];	    /* what went wrong, one line; "" */
	uint64_t events;	    /* those that came; the first are here */
	struct probe_event event[WOVEN_EVENTS];
};

#endif
