// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SCHED: how the device shares its time among kernels, streams and tenants. */
#include "metrics.h"

METRIC_RUN(launch_overhead)
{
	suite_each_point(suite, metric, "launch_rate");
}

METRIC_RUN(stream_concurrency)
{
	suite_each_point(suite, metric, "streams");
}
