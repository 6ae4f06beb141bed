// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See readers.h. */
#include <linux/rcupdate.h>

#include "readers.h"

/* The grace period that all of them have ended with. */
static unsigned long last_cut;

void readers_start(void)
{
	readers_cut();
}

void readers_cut(void)
{
	last_cut = get_state_synchronize_rcu();
}

unsigned long readers_state(void)
{
	return last_cut;
}

void readers_wait(unsigned long state)
{
	cond_synchronize_rcu(state);
}
