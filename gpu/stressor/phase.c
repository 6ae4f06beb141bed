// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What all processes of the stressor share: the phase of the run, and how many bytes are live. */
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

#define SECOND 1000000000ull

uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

enum phase phase_wait(struct shared *shared, enum phase phase, uint64_t until)
{
	const struct timespec deadline = {until / SECOND, until % SECOND};

	/* Asleep until then, and woken by phase_set(). */
	while (shared->phase == phase && monotonic_ns() < until)
		syscall(SYS_futex, &shared->phase, FUTEX_WAIT_BITSET, phase,
			until == UINT64_MAX ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
	return shared->phase;
}

/* Also from a signal's handler. */
void phase_set(struct shared *shared, enum phase phase)
{
	shared->phase = phase;
	syscall(SYS_futex, &shared->phase, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void level_add(struct level *level, uint64_t bytes)
{
	uint64_t live = level->live += bytes, peak = level->peak;

	while (peak < live &&
	       !__atomic_compare_exchange_n((uint64_t *)&level->peak, &peak, live, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void level_take(struct level *level, uint64_t bytes)
{
	level->live -= bytes;
}
