/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A victim, alone and beside a neighbour, in turns. */
#ifndef EXITLAB_GPU_METRICS_TURNS_H
#define EXITLAB_GPU_METRICS_TURNS_H

#include "../suite.h"

/* The victim's medians in the windows of one round. */
struct turn {
	double alone, together;
};

/* "%" that it loses of a throughput, "%" that it takes longer, or what it has together. */
double turn_lost(struct turn turn);
double turn_longer(struct turn turn);
double turn_together(struct turn turn);

/* Seconds of a window, so that all rounds are over within the victim's time. */
double turns_window(const struct suite *suite, const struct order *victim);

/*
 * Prepares both orders, each in a tenant of the system; has the victim work for rounds windows of
 * seconds alone and for as many together with the neighbour, who goes first changing with each
 * round; adds one sample a round. Windows that overlap by less than OVERLAP_LEAST make it INVALID.
 * Facts: alone and together, medians in the work's unit, and the least overlap. Finishes both. The
 * outcome says what went wrong.
 */
void measure_turns(struct suite *suite, const struct order *victim, const struct order *neighbour,
		   double seconds, double (*sample)(struct turn), struct outcome *outcome);

#endif
