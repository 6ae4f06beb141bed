// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The library for a probe that is in another process: asks it, and waits until it has done so. */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shared_memory.h"
#include "turns.h"

#define PATIENCE_S 20 /* to take off a probe the kernel waits for all CPUs */

static struct turns_shared *shared;

__attribute__((constructor)) static void begin(void)
{
	shared = shared_memory_open(TURNS_FILE, sizeof(*shared));
}

__attribute__((visibility("default"))) int exitlab_probe_turn(bool on, struct probe_turn *turn)
{
	const struct timespec patience = {.tv_sec = PATIENCE_S};
	uint32_t wanted, is;

	(void)turn;
	if (!shared)
		return TURN_NONE;
	/* An even number is on. */
	wanted = (shared->wanted | 1) + 1;
	wanted += !on;
	shared->wanted = wanted;
	syscall(SYS_futex, &shared->wanted, FUTEX_WAKE, 1, NULL, NULL, 0);
	while ((is = shared->is) != wanted)
		if (is == UINT32_MAX ||
		    (syscall(SYS_futex, &shared->is, FUTEX_WAIT, is, &patience, NULL, 0) &&
		     errno == ETIMEDOUT))
			return TURN_FAILED;
	return TURN_TAKEN;
}
