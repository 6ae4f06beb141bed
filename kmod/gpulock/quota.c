// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See quota.h. */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/overflow.h>

#include "mutant.h"
#include "quota.h"

void quota_init(struct quota *quota, u64 limit, u64 most)
{
	*quota = (struct quota){.limit = limit, .most = most};
	spin_lock_init(&quota->lock);
}

/*
 * The use that a charge leads to; false where that is above the limit, or above what a u64 holds.
 */
static bool fits(const struct quota *quota, u64 size, u64 *used)
{
	bool wraps = check_add_overflow(quota->used, size, used);

	return (!wraps || MUTANT(QUOTA_OVERFLOW)) && *used <= quota->limit;
}

int quota_charge(struct quota *quota, u64 size)
{
	int error = -EDQUOT;
	u64 used;

	spin_lock(&quota->lock);
	if (quota->allocations < quota->most && fits(quota, size, &used)) {
		quota->used = used;
		quota->allocations++;
		error = 0;
	}
	spin_unlock(&quota->lock);
	return error;
}

void quota_settle(struct quota *quota)
{
	spin_lock(&quota->lock);
	quota->peak = max(quota->peak, quota->used);
	spin_unlock(&quota->lock);
}

void quota_uncharge(struct quota *quota, u64 size)
{
	spin_lock(&quota->lock);
	if (!WARN_ON_ONCE(quota->used < size || !quota->allocations)) {
		quota->used -= size;
		quota->allocations--;
	}
	spin_unlock(&quota->lock);
}

int quota_set_limit(struct quota *quota, u64 limit)
{
	int error = -EBUSY;

	spin_lock(&quota->lock);
	if (quota->used <= limit) {
		quota->limit = limit;
		error = 0;
	}
	spin_unlock(&quota->lock);
	return error;
}

void quota_read(struct quota *quota, struct quota *copy)
{
	spin_lock(&quota->lock);
	copy->limit = quota->limit;
	copy->used = quota->used;
	copy->peak = quota->peak;
	copy->allocations = quota->allocations;
	copy->most = quota->most;
	spin_unlock(&quota->lock);
}
