/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The process that is a probe on the device, whatever it makes of what that counted. */
#ifndef EXITLAB_PROBES_WOVEN_PROBE_H
#define EXITLAB_PROBES_WOVEN_PROBE_H

#include "woven.h"

/*
 * Says that it is ready, in terms of the probe of probes.def, and waits until it is asked to end.
 * The shared memory, which stays; ends the process where there is none.
 */
struct woven_shared *woven_probe_run(const struct probe *probe);

/* Hits as they are to be proven: of the places where the probe is called. */
uint64_t woven_probe_hits(const struct probe *probe, const struct woven_shared *shared);

/* "done hits=...", or what went wrong on stderr. An exit code. */
int woven_probe_done(const struct probe *probe, const struct woven_shared *shared);

#endif
