/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The arithmetic of BW, for its test. */
#ifndef EXITLAB_GPU_METRICS_BANDWIDTH_H
#define EXITLAB_GPU_METRICS_BANDWIDTH_H

double bandwidth_sum(const double *bandwidths, int count);

/* Jain's index: 1 where all have the same, 1/count where one has all; NAN where none has any. */
double bandwidth_jain(const double *bandwidths, int count);

#endif
