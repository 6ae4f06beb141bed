// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The calls that make the device work, each once for either kind of default stream. */
#include "hooks.h"

#define DEFAULT_OF_THREAD ((CUstream)2) /* CU_STREAM_PER_THREAD */

/* Where the events of a launch go. */
static CUstream of_thread(CUstream stream)
{
	return stream ? stream : DEFAULT_OF_THREAD;
}

static CUstream as_it_is(CUstream stream)
{
	return stream;
}

#define LAUNCH(name, symbol, in_stream, parameters, arguments)                                     \
	CUresult symbol parameters                                                                 \
	{                                                                                          \
		struct charge *charge;                                                             \
		CUresult error;                                                                    \
                                                                                                   \
		ENTER(name);                                                                       \
		charge = share_begin(in_stream);                                                   \
		error = real.name arguments;                                                       \
		share_end(charge, in_stream, !error);                                              \
		return error;                                                                      \
	}

#define BOTH(name, symbol, stream, parameters, arguments)                                          \
	LAUNCH(name, symbol, as_it_is(stream), parameters, arguments)                              \
	LAUNCH(name##Thread, symbol##_ptsz, of_thread(stream), parameters, arguments)

BOTH(LaunchKernel, cuLaunchKernel, stream, LAUNCH_KERNEL_PARAMETERS,
     (function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream, parameters,
      extra))
BOTH(LaunchKernelEx, cuLaunchKernelEx, (config ? config->hStream : NULL),
     (const CUlaunchConfig *config, CUfunction function, void **parameters, void **extra),
     (config, function, parameters, extra))
BOTH(LaunchCooperative, cuLaunchCooperativeKernel, stream, LAUNCH_COOPERATIVE_PARAMETERS,
     (function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream, parameters))
BOTH(GraphLaunch, cuGraphLaunch, stream, (CUgraphExec graph, CUstream stream), (graph, stream))
