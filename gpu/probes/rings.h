/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The host's side of device/parts/ring.ptx: a ring for each SM. The device never waits for room, so
 * events that are not taken in time are written over. Each event has a number in its ring; it is
 * taken or counted as lost, exactly one of both, when the number of the last one is known.
 */
#ifndef EXITLAB_GPU_PROBES_RINGS_H
#define EXITLAB_GPU_PROBES_RINGS_H

#include "counts.h"
#include "probed.h"

#define RING_WORDS     4  /* of an event */
#define RING_TAG_SHIFT 52 /* in a word */

struct rings {
	unsigned int bits;	    /* log2 of the events of a ring */
	uint64_t next[COUNT_SLOTS]; /* number of the next event of each */
	uint64_t drained, lost, drained_hits;
	void (*event)(const struct probe_event *event, void *data); /* or NULL */
	void *data;
};

/*
 * Takes what is there of the ring of this number while the device goes on. Returns how many events
 * it took. words: the ring.
 */
uint64_t rings_drain(struct rings *rings, unsigned int ring, const uint64_t *words);

/* The device is done, and has numbered so many events in this ring: takes or counts the rest. */
void rings_finish(struct rings *rings, unsigned int ring, const uint64_t *words, uint64_t events);

/* Forgets everything; the caller clears the words. */
void rings_reset(struct rings *rings);

#endif
