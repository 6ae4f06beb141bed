/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tenants that work at once: what contention metrics have in common. */
#ifndef EXITLAB_GPU_METRICS_TEAM_H
#define EXITLAB_GPU_METRICS_TEAM_H

#include "../suite.h"

struct team {
	struct suite *suite;
	struct outcome *row; /* that takes what goes wrong, and the throttled samples */
	int count;	     /* members that are prepared: tenants 0, 1, ... of the system */
	struct outcome outcomes[TENANTS_MOST]; /* of the last GO */
	double overlap;			       /* least of all GOs of several members */
	unsigned int repeated;		       /* windows */
	double verified; /* bytes whose data was looked at, by all members in all GOs */
};

/* An empty team, whose faults go to row. */
struct team team_begin(struct suite *suite, struct outcome *row);

/* Adds a tenant that prepares a work. false: the row says why. */
bool team_add(struct team *team, const struct order *order);

/*
 * Has members, bit i for tenant i, work at once for seconds; outcomes[] has theirs, afresh. A
 * window in which they did not work at the same time, since one of them got no CPU, say, is done
 * again, a few times. false: one of them is not ok, or they never did, which makes the row INVALID.
 */
bool team_go(struct team *team, unsigned int members, double seconds);

/* Mean of the samples of a member's last GO; NAN where all were dropped. */
double team_mean(const struct team *team, int member);

/* Finishes the works, forgets the outcomes; the row gets the facts overlap and repeated. */
void team_end(struct team *team);

#endif
