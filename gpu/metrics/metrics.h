/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What benches.def runs: each emits all rows of its metric (suite.h). One file a subject. */
#ifndef EXITLAB_GPU_METRICS_H
#define EXITLAB_GPU_METRICS_H

#include "../suite.h"

#define METRIC_RUN(name) void metric_##name(struct suite *suite, const struct metric *metric)

#define RUN(name) METRIC_RUN(name);
#include "metrics.def"
#undef RUN

#endif
