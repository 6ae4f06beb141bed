// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The families of calls. Only the call that allocates or frees is timed: what maps memory is the
 * same under a tracer. Async calls are all on the default stream, so that a free is behind its
 * allocation also where another thread makes it.
 */
#include "../message.h"
#include "stress.h"

/* A pointer that nobody has; no address space begins so low. */
#define NOBODYS 1ull

#define TIMED(ns, call)                                                                            \
	({                                                                                         \
		uint64_t begin_ = now_ns();                                                        \
		CUresult error_ = call;                                                            \
                                                                                                   \
		*(ns) = now_ns() - begin_;                                                         \
		error_;                                                                            \
	})

static CUresult sync_allocate(struct block *block, uint64_t *ns)
{
	return TIMED(ns, cu.MemAlloc(&block->pointer, block->bytes));
}

static CUresult sync_release(struct block *block, uint64_t *ns)
{
	return TIMED(ns, cu.MemFree(block->pointer));
}

/* By the call of another family, where who ignores the result takes a live block for freed. */
static CUresult misuse_host(const struct block *block)
{
	return cu.MemFreeHost((void *)(uintptr_t)block->pointer);
}

static CUresult sync_misuse(const struct block *block, uint32_t which)
{
	return which % 2 ? misuse_host(block) : cu.MemFree(NOBODYS);
}

static CUresult async_allocate(struct block *block, uint64_t *ns)
{
	return TIMED(ns, cu.MemAllocAsync(&block->pointer, block->bytes, NULL));
}

static CUresult async_release(struct block *block, uint64_t *ns)
{
	return TIMED(ns, cu.MemFreeAsync(block->pointer, NULL));
}

static CUresult async_misuse(const struct block *block, uint32_t which)
{
	return which % 2 ? misuse_host(block) : cu.MemFreeAsync(NOBODYS, NULL);
}

static CUresult managed_allocate(struct block *block, uint64_t *ns)
{
	return TIMED(ns, cu.MemAllocManaged(&block->pointer, block->bytes, CU_MEM_ATTACH_GLOBAL));
}

static CUresult host_allocate(struct block *block, uint64_t *ns)
{
	void *pointer = NULL;
	CUresult error = TIMED(ns, cu.MemHostAlloc(&pointer, block->bytes, 0));

	block->pointer = (uintptr_t)pointer;
	return error;
}

static CUresult host_release(struct block *block, uint64_t *ns)
{
	return TIMED(ns, cu.MemFreeHost((void *)(uintptr_t)block->pointer));
}

static CUresult host_misuse(const struct block *block, uint32_t which)
{
	return which % 2 ? cu.MemFree(block->pointer) : cu.MemFreeHost((void *)NOBODYS);
}

static const CUmemAllocationProp physical = {
	.type = CU_MEM_ALLOCATION_TYPE_PINNED,
	.location.type = CU_MEM_LOCATION_TYPE_DEVICE,
};

static CUresult vmm_allocate(struct block *block, uint64_t *ns)
{
	return TIMED(ns, cu.MemCreate(&block->pointer, block->bytes, &physical, 0));
}

static CUresult vmm_release(struct block *block, uint64_t *ns)
{
	return TIMED(ns, cu.MemRelease(block->pointer));
}

static CUresult vmm_map(struct block *block)
{
	const CUmemAccessDesc access = {
		.location.type = CU_MEM_LOCATION_TYPE_DEVICE,
		.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
	};
	CUresult error = cu.MemAddressReserve(&block->address, block->bytes, 0, 0, 0);

	if (error) {
		block->address = 0;
		return error;
	}
	error = cu.MemMap(block->address, block->bytes, 0, block->pointer, 0);
	if (error) {
		cu.MemAddressFree(block->address, block->bytes);
		block->address = 0;
		return error;
	}
	return cu.MemSetAccess(block->address, block->bytes, &access, 1);
}

static void vmm_unmap(struct block *block)
{
	if (!block->address)
		return;
	cu.MemUnmap(block->address, block->bytes);
	cu.MemAddressFree(block->address, block->bytes);
}

/* Of a handle that nobody has the driver's manual says nothing. */
static CUresult vmm_misuse(const struct block *block, uint32_t which)
{
	return which % 2 ? misuse_host(block) : cu.MemFree(NOBODYS);
}

const struct way way_sync = {
	.name = "sync",
	.allocate = sync_allocate,
	.release = sync_release,
	.misuse = sync_misuse,
};

const struct way way_async = {
	.name = "async",
	.attribute = CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED,
	.allocate = async_allocate,
	.release = async_release,
	.misuse = async_misuse,
};

const struct way way_vmm = {
	.name = "vmm",
	.attribute = CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED,
	.allocate = vmm_allocate,
	.release = vmm_release,
	.map = vmm_map,
	.unmap = vmm_unmap,
	.misuse = vmm_misuse,
};

const struct way way_managed = {
	.name = "managed",
	.attribute = CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY,
	.allocate = managed_allocate,
	.release = sync_release,
	.misuse = sync_misuse,
};

const struct way way_host = {
	.name = "host",
	.allocate = host_allocate,
	.release = host_release,
	.misuse = host_misuse,
};
