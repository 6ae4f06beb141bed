/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What benches.def runs: each emits all rows of its metric (suite.h). One file a category. */
#ifndef EXITLAB_GPU_METRICS_H
#define EXITLAB_GPU_METRICS_H

#include "../suite.h"

#define METRIC_RUN(name) void metric_##name(struct suite *suite, const struct metric *metric)

#pragma GCC diagnostic ignored "-Waddress"

/* overhead.c */
__attribute__((weak)) METRIC_RUN(launch_latency);
__attribute__((weak)) METRIC_RUN(allocation);
__attribute__((weak)) METRIC_RUN(context_creation);
__attribute__((weak)) METRIC_RUN(interception);
__attribute__((weak)) METRIC_RUN(lock_contention);
__attribute__((weak)) METRIC_RUN(memory_tracking);
__attribute__((weak)) METRIC_RUN(rate_limiter);
__attribute__((weak)) METRIC_RUN(polling);
__attribute__((weak)) METRIC_RUN(total_throughput);

/* isolation.c */
__attribute__((weak)) METRIC_RUN(memory_limit);
__attribute__((weak)) METRIC_RUN(over_allocation);
__attribute__((weak)) METRIC_RUN(sm_limit);
__attribute__((weak)) METRIC_RUN(sm_limit_response);
__attribute__((weak)) METRIC_RUN(memory_isolation);
__attribute__((weak)) METRIC_RUN(compute_isolation);
__attribute__((weak)) METRIC_RUN(qos_consistency);
__attribute__((weak)) METRIC_RUN(fairness);
__attribute__((weak)) METRIC_RUN(noisy_neighbour);
__attribute__((weak)) METRIC_RUN(fault_isolation);

/* bandwidth.c */
__attribute__((weak)) METRIC_RUN(bandwidth_contention);
__attribute__((weak)) METRIC_RUN(bandwidth_fairness);
__attribute__((weak)) METRIC_RUN(bandwidth_saturation);
__attribute__((weak)) METRIC_RUN(bandwidth_interference);

/* cache.c */
__attribute__((weak)) METRIC_RUN(l2_hit_ratio);
__attribute__((weak)) METRIC_RUN(l2_eviction);
__attribute__((weak)) METRIC_RUN(l2_collision);
__attribute__((weak)) METRIC_RUN(l2_contention);

/* transfer.c */
__attribute__((weak)) METRIC_RUN(host_to_device);
__attribute__((weak)) METRIC_RUN(device_to_host);
__attribute__((weak)) METRIC_RUN(transfer_contention);
__attribute__((weak)) METRIC_RUN(pageable);

/* scheduling.c */
__attribute__((weak)) METRIC_RUN(context_switch);
__attribute__((weak)) METRIC_RUN(launch_overhead);
__attribute__((weak)) METRIC_RUN(stream_concurrency);
__attribute__((weak)) METRIC_RUN(preemption);

/* fragmentation.c */
__attribute__((weak)) METRIC_RUN(fragmentation);
__attribute__((weak)) METRIC_RUN(fragmented_latency);
__attribute__((weak)) METRIC_RUN(compaction);

/* errors.c */
__attribute__((weak)) METRIC_RUN(error_detection);
__attribute__((weak)) METRIC_RUN(error_recovery);
__attribute__((weak)) METRIC_RUN(degradation);

#endif
