/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When each event of a worker is due. Event k of all workers together is due k / rate seconds after
 * the start, so that no error adds up; worker w of W has the events w, w + W, w + 2 W and so on.
 *
 * A worker that was kept from running is late with several events. It does PACE_BURST worth of them
 * at once and the others at twice the rate: in no interval of t seconds does it begin more than
 * 2 t + PACE_BURST times its share of the rate, and 1.
 */
#ifndef EXITLAB_GPU_PACE_H
#define EXITLAB_GPU_PACE_H

#include <stdint.h>

#define PACE_BURST 0.01 /* seconds of the rate */

struct pace {
	uint64_t start;		      /* ns of CLOCK_MONOTONIC */
	uint64_t rate;		      /* events a second of all workers; 0: no event has to wait */
	unsigned int worker, workers; /* which of them, from 0; how many */
	uint64_t done;		      /* events of this worker */
	uint64_t caught_up;	      /* ns: when it would be with what it did, at twice the rate */
};

/* The next event's number among those of all workers, from 0. */
uint64_t pace_event(const struct pace *pace);

/* ns of CLOCK_MONOTONIC: when an event is due by its number alone. */
uint64_t pace_time(const struct pace *pace, uint64_t event);

/* ns of CLOCK_MONOTONIC before which the next event is not to begin. */
uint64_t pace_due(const struct pace *pace);

/* The event began, at now. */
void pace_began(struct pace *pace, uint64_t now);

/* Events of all workers that are due before so many ns have passed. */
uint64_t pace_events(uint64_t rate, uint64_t ns);

#endif
