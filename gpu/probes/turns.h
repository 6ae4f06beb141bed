/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A probe that can be taken off and put on again while the workload runs: then the same process is
 * measured with and without it, in turns. What differs from process to process, where the driver
 * places its queue and on which CPU it waits, is several times what a probe costs.
 *
 * The library that the probe has the workload preload exports exitlab_probe_turn().
 */
#ifndef EXITLAB_PROBES_TURNS_H
#define EXITLAB_PROBES_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "../driver.h"

typedef CUresult launch_call(CUfunction function, unsigned int grid_x, unsigned int grid_y,
			     unsigned int grid_z, unsigned int block_x, unsigned int block_y,
			     unsigned int block_z, unsigned int shared, CUstream stream,
			     void **parameters, void **extra);

/* What the workload is to launch, and how, from now on. */
struct probe_turn {
	const char *kernel_name;
	CUfunction kernel;
	launch_call *launch;
};

enum { TURN_TAKEN, TURN_NONE /* there is no probe that could be */, TURN_FAILED };

typedef int probe_turn_call(bool on, struct probe_turn *turn);

#define PROBE_TURN "exitlab_probe_turn"

/* What a probe in another process shares with libturns.so: the variable names the file. */
#define TURNS_FILE "EXITLAB_TURNS_FILE"

struct turns_shared {
	_Atomic uint32_t wanted; /* a futex: 1 off, 2 on; 0: as it is. Every turn adds 2 */
	_Atomic uint32_t is;	 /* a futex: the wanted that is done; UINT32_MAX: that failed */
};

#endif
