/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Throughput of one tenant in a window. */
#ifndef EXITLAB_GPU_WORKS_WINDOW_H
#define EXITLAB_GPU_WORKS_WINDOW_H

#include "../tenant.h"

/*
 * Has operate() enqueue operations in the tenant's stream until the window closes, several in
 * flight, and adds one sample: the operations that were complete by then, times amount, per second
 * of the window. An operation is enqueued order.repeat times for one. What is still in flight is
 * waited for, but not counted. operate() returns 0, or -1 as CALL(). 0, or -1 likewise.
 */
int window_throughput(struct tenant *tenant, int (*operate)(struct tenant *), double amount);

#endif
