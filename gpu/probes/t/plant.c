// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Preloaded: what a probe must never be taken for. PLANT=slow makes each launch 30 us longer, crash
 * ends the process in the 10th, lose launches nothing from the 10th on.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../turns.h"

#define SLOW_NS 30000
#define WELL	9 /* launches before that */

static void spin(void)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000000000ll + now.tv_nsec - start.tv_nsec <
		 SLOW_NS);
}

CUresult cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
			unsigned int grid_z, unsigned int block_x, unsigned int block_y,
			unsigned int block_z, unsigned int shared, CUstream stream,
			void **parameters, void **extra)
{
	static launch_call *real;
	static unsigned int launches;
	const char *plant = getenv("PLANT") ?: "";

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "cuLaunchKernel");
	if (!strcmp(plant, "slow"))
		spin();
	if (launches++ >= WELL && !strcmp(plant, "crash"))
		raise(SIGSEGV);
	if (launches > WELL && !strcmp(plant, "lose"))
		return CUDA_SUCCESS;
	return real(function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream,
		    parameters, extra);
}
