// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pace.h"

#define SECOND	 1000000000ull
#define BURST_NS ((uint64_t)(PACE_BURST * 1e9 / 2)) /* its time at twice the rate */

typedef unsigned __int128 wide; /* events times ns */

uint64_t pace_event(const struct pace *pace)
{
	return pace->done * pace->workers + pace->worker;
}

uint64_t pace_time(const struct pace *pace, uint64_t event)
{
	return pace->rate ? pace->start + (uint64_t)((wide)event * SECOND / pace->rate)
			  : pace->start;
}

uint64_t pace_due(const struct pace *pace)
{
	uint64_t due = pace_time(pace, pace_event(pace)), least;

	least = pace->caught_up > BURST_NS ? pace->caught_up - BURST_NS : 0;
	return due > least ? due : least;
}

void pace_began(struct pace *pace, uint64_t now)
{
	pace->done++;
	if (!pace->rate)
		return;
	if (pace->caught_up < now)
		pace->caught_up = now;
	pace->caught_up += pace->workers * SECOND / pace->rate / 2;
}

uint64_t pace_events(uint64_t rate, uint64_t ns)
{
	return ((wide)rate * ns + SECOND - 1) / SECOND;
}
