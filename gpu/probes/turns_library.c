// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The library for a probe that is in another process: asks it, and waits until it has done so. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "turns.h"

#define PATIENCE_S 20 /* to take off a probe the kernel waits for all CPUs */

static struct turns_shared *shared;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv(TURNS_FILE);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		shared = map;
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
