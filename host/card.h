/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The report card: what disturbed the vCPU while it was timed. The kernel counts interrupts,
 * switches, faults, SMIs for a CPU and for a thread; a card is the difference of two snapshots.
 */
#ifndef EXITLAB_CARD_H
#define EXITLAB_CARD_H

#include <jansson.h>
#include <stdio.h>
#include <sys/types.h>

struct card_subject {
	const char *root; /* put before every path: "" but in tests */
	int cpu;	  /* host CPU of the vCPU thread */
	pid_t qemu, vcpu; /* process and thread */
};

/* All counters now; a new reference. What cannot be read is named with the reason. */
json_t *card_snapshot(const struct card_subject *subject);

/*
 * The card of what happened between two snapshots, as env.json keeps it; a new reference:
 *
 *   cpu, seconds   the host CPU, and the time between the snapshots
 *   counters       array of { name, text, count }: all that can be read; of interrupts and softirqs
 *                  those that happened
 *   tasks          array of { comm, tid, slices, ns }: who ran meanwhile, on whatever CPU, and was
 * last on this one; longest first unavailable    object: name of a counter and why it cannot be
 * read here
 */
json_t *card_difference(const json_t *before, const json_t *after);

/*
 * Holds a card against the budgets: summary.json's "card", a new reference; null for no card.
 * verdict is CLEAN, NOISY with the offenders by name, or UNKNOWN where what decides was not to be
 * read.
 */
json_t *card_judge(const json_t *card);

/* For people: "CLEAN", or "NOISY: " and the offenders with separator between them. */
void card_print(const json_t *judged, const char *separator, FILE *out);

/* The same into text; what does not fit is cut off. */
void card_describe(const json_t *judged, char *text, size_t size);

#endif
