// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Preloaded: the fake driver that comes after it takes 300 us for a call, or SLOW_LIMITER says what
 * goes wrong there; with SLOW_LIMITER_SPINS a thread never rests, with SLOW_LIMITER_FORKS=FILE a
 * child stays, whose number is in FILE.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *spin(void *nothing)
{
	for (volatile unsigned int i = 0;; i++)
		;
	return nothing;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t thread;

	setenv("FAKECUDA_FAULTS", getenv("SLOW_LIMITER") ?: "MemGetInfo=sleep300", 1);
	if (getenv("SLOW_LIMITER_FORKS") && !fork()) {
		FILE *file = fopen(getenv("SLOW_LIMITER_FORKS"), "a");

		fprintf(file, "%d\n", getpid());
		fclose(file);
		for (;;)
			pause();
	}
	if (getenv("SLOW_LIMITER_SPINS"))
		pthread_create(&thread, NULL, spin, NULL);
}
