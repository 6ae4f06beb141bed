/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the ioctls and /proc/swarm/gpu have in common: each takes what it is asked for as it came,
 * refuses what is wrong with it, and takes the mutex itself. 0 or an errno of gpulock_uapi.h.
 */
#ifndef GPULOCK_OPERATION_H
#define GPULOCK_OPERATION_H

#include "allocation.h"
#include "gpulock_uapi.h"

/* at: where the caller has request; NULL: nowhere. */
int operation_alloc(struct owner *owner, struct gpulock_alloc *request, void __user *at);
/* owner NULL: an administrator's, who may free any. */
int operation_free(struct owner *owner, u64 id);
int operation_query(struct gpulock_query *request);
int operation_set_quota(const struct gpulock_set_quota *request);
/* The devices stay as they are. */
int operation_set_limit(u32 agent, u64 limit);
int operation_grant(const struct gpulock_grant *request);
int operation_revoke(const struct gpulock_revoke *request);
/* -EEXIST, -ENOMEM. */
int operation_create_agent(u32 agent, u64 limit);
/* -ENOENT. */
int operation_remove_agent(u32 agent);

#endif
