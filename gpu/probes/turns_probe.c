// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/futex.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../host/util.h"
#include "shared_memory.h"
#include "turns_probe.h"

static void wake(_Atomic uint32_t *futex)
{
	syscall(SYS_futex, futex, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void *listen_to_turns(void *argument)
{
	struct turns_probe *probe = argument;
	struct turns_shared *shared = probe->shared;
	uint32_t done = 0;

	while (!probe->stop) {
		uint32_t wanted = shared->wanted;

		if (wanted == done) {
			syscall(SYS_futex, &shared->wanted, FUTEX_WAIT, wanted, NULL, NULL, 0);
			continue;
		}
		done = wanted;
		shared->is = probe->turn(probe->context, wanted % 2 == 0) ? UINT32_MAX : wanted;
		wake(&shared->is);
	}
	return NULL;
}

void turns_probe_begin(struct turns_probe *probe)
{
	probe->shared = shared_memory_make(sizeof(*probe->shared), &probe->fd);
	if (pthread_create(&probe->thread, NULL, listen_to_turns, probe))
		die("no thread to listen");
}

void turns_probe_say(const struct turns_probe *probe)
{
	shared_memory_say("libturns.so", TURNS_FILE, probe->fd);
}

void turns_probe_end(struct turns_probe *probe)
{
	probe->stop = true;
	/* A value of its own, so that a thread that is about to sleep does not. */
	probe->shared->wanted += 2;
	wake(&probe->shared->wanted);
	pthread_join(probe->thread, NULL);
}
