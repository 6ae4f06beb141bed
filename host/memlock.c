// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "memlock.h"

#define QEMU_MIB 1024 /* what QEMU locks beside the guest's memory, at most */

unsigned int memlock_mib(unsigned int guest_mib)
{
	return guest_mib + QEMU_MIB;
}

bool may_lock(unsigned int mib)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	size_t size = (size_t)mib << 20;
	void *area =
		mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bool may;

	/* Without the right to it CAP_IPC_LOCK may still be ours. */
	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (area == MAP_FAILED)
		return false;
	may = !mlock2(area, size, MLOCK_ONFAULT);
	munmap(area, size);
	return may;
}
