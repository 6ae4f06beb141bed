// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The check, which drivers call before every DMA: no lock, no allocation, no write that another CPU
 * sees.
 */
#include <linux/export.h>

#include "check.h"

int gpulock_check(u32 id, u64 start, u64 size, u32 access)
{
	return check(id, start, size, access);
}
EXPORT_SYMBOL_GPL(gpulock_check);
