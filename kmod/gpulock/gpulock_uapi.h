/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * THE interface of /dev/gpulock, frozen: what is here never changes; more is added with new
 * commands.
 *
 * Integers are the machine's (the module is for 64-bit kernels), sizes and addresses are bytes,
 * layouts have no holes, and what is called "zero" must be 0, so that it can mean something later.
 * Every command may fail with EFAULT (an address that is not the caller's) and EINVAL (a "zero"
 * that is not 0, agent 0, an unknown flag or access); an unknown command with ENOTTY. A command
 * that fails has changed nothing.
 *
 * An agent is a tenant, named by a number that is not 0. It comes to be with the first ALLOC,
 * SET_QUOTA or GRANT that names it, with the module's default quota, and stays until it is removed
 * through /proc/swarm/gpu/control. SET_QUOTA, GRANT and REVOKE need CAP_SYS_ADMIN of who opened the
 * device: EPERM.
 */
#ifndef EXITLAB_GPULOCK_UAPI_H
#define EXITLAB_GPULOCK_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define GPULOCK_MAGIC 'S'

/* access: how memory is reached; a check asks for all the bits it names. At least one. */
#define GPULOCK_READ	    1u
#define GPULOCK_WRITE	    2u
#define GPULOCK_EXECUTE	    4u
#define GPULOCK_ACCESS_MASK 7u

/*
 * ALLOC.flags. KEEP: the allocation outlives the descriptor that it was made through, and the
 * process; without it closing the last copy of that descriptor frees it.
 */
#define GPULOCK_KEEP 1u

#define GPULOCK_DEVICES_MOST 64u   /* a device is numbered from 0 */
#define GPULOCK_BATCH_MOST   1024u /* checks of one CHECK_BATCH */

/*
 * Account size bytes on a device to an agent, and give them a range of DMA addresses that is nobody
 * else's. It says nothing about who may access the range: see GRANT. EINVAL size 0; ENODEV no such
 * device, it is gone, or the agent's device_mask leaves it out; EDQUOT the agent's limit, or the
 * number of its allocations; ENOMEM no memory, no range, or too many agents.
 */
struct gpulock_alloc {
	__u32 agent;
	__u32 device;
	__u64 size;
	__u32 flags;
	__u32 zero;
	__u64 id;	 /* out: never used twice, never 0 */
	__u64 dma_start; /* out: a multiple of 4096 */
};

/*
 * Free an allocation, and take back every grant within its range, whosever it is: once FREE has
 * returned, the range can be another's. Closing the descriptor does the same. ENOENT no such
 * allocation; EPERM it is not this agent's: it was made through another descriptor that is still
 * open, or it was kept by one that is closed and the caller has no CAP_SYS_ADMIN.
 */
struct gpulock_free {
	__u64 id;
};

/* What is known of an agent, all at one moment. ENOENT no such agent. */
struct gpulock_query {
	__u32 agent;
	__u32 zero;
	__u64 limit;	   /* out: bytes */
	__u64 used;	   /* out: bytes; never above limit */
	__u64 peak;	   /* out: the most that used has been */
	__u64 allocations; /* out: how many there are now */
	__u64 checks;	   /* out: since it came to be, or since reset_stats */
	__u64 denials;	   /* out: those of them that were denied */
};

/*
 * Set an agent's limit, and the devices that it may allocate on: bit N is device N.
 * EINVAL device_mask 0; EBUSY it uses more than limit now; ENOMEM no memory, or too many agents.
 */
struct gpulock_set_quota {
	__u32 agent;
	__u32 zero;
	__u64 limit;
	__u64 device_mask;
};

/*
 * May the agent access all of [start, start + size - 1] in this way? allowed is 1 or 0; what was
 * never granted is denied, and so is all to an agent that is not known. Grants that lie next to
 * each other count as one where each allows the access. EINVAL size 0, or a range that goes beyond
 * the last address.
 */
struct gpulock_check {
	__u32 agent;
	__u32 access;
	__u64 start;
	__u64 size;
	__u32 allowed; /* out */
	__u32 zero;
};

/*
 * Allow an agent an access to [start, start + size - 1].
 * EINVAL as for CHECK; EEXIST it overlaps a grant of this agent's; ENOMEM no memory, or too many
 * agents.
 */
struct gpulock_grant {
	__u32 agent;
	__u32 access;
	__u64 start;
	__u64 size;
};

/*
 * Take back all that an agent was granted within [start, start + size - 1]; a grant that reaches
 * beyond the range is cut. Once it has returned, no check of the range succeeds, and no reader in
 * the kernel that checked before still acts on the answer: so it is after ENOENT, too, where
 * another call took it back. EINVAL as for CHECK; ENOENT the agent has no grant there, or is not
 * known.
 */
struct gpulock_revoke {
	__u32 agent;
	__u32 zero;
	__u64 start;
	__u64 size;
};

/*
 * Many checks for one system call: fills in allowed of each. After an error none of them means
 * anything. EINVAL count 0 or above GPULOCK_BATCH_MOST, or any check is one that CHECK refuses.
 */
struct gpulock_check_batch {
	__u64 checks; /* address of count struct gpulock_check */
	__u32 count;
	__u32 zero;
};

#define GPULOCK_ALLOC	    _IOWR(GPULOCK_MAGIC, 1, struct gpulock_alloc)
#define GPULOCK_FREE	    _IOW(GPULOCK_MAGIC, 2, struct gpulock_free)
#define GPULOCK_QUERY	    _IOWR(GPULOCK_MAGIC, 3, struct gpulock_query)
#define GPULOCK_SET_QUOTA   _IOW(GPULOCK_MAGIC, 4, struct gpulock_set_quota)
#define GPULOCK_CHECK	    _IOWR(GPULOCK_MAGIC, 5, struct gpulock_check)
#define GPULOCK_GRANT	    _IOW(GPULOCK_MAGIC, 6, struct gpulock_grant)
#define GPULOCK_REVOKE	    _IOW(GPULOCK_MAGIC, 7, struct gpulock_revoke)
#define GPULOCK_CHECK_BATCH _IOWR(GPULOCK_MAGIC, 8, struct gpulock_check_batch)

_Static_assert(sizeof(struct gpulock_alloc) == 40, "the interface is frozen");
_Static_assert(sizeof(struct gpulock_free) == 8, "the interface is frozen");
_Static_assert(sizeof(struct gpulock_query) == 56, "the interface is frozen");
_Static_assert(sizeof(struct gpulock_set_quota) == 24, "the interface is frozen");
_Static_assert(sizeof(struct gpulock_check) == 32, "the interface is frozen");
_Static_assert(sizeof(struct gpulock_grant) == 24, "the interface is frozen");
_Static_assert(sizeof(struct gpulock_revoke) == 24, "the interface is frozen");
_Static_assert(sizeof(struct gpulock_check_batch) == 16, "the interface is frozen");
_Static_assert(GPULOCK_ALLOC == 0xc0285301u, "the interface is frozen");
_Static_assert(GPULOCK_FREE == 0x40085302u, "the interface is frozen");
_Static_assert(GPULOCK_QUERY == 0xc0385303u, "the interface is frozen");
_Static_assert(GPULOCK_SET_QUOTA == 0x40185304u, "the interface is frozen");
_Static_assert(GPULOCK_CHECK == 0xc0205305u, "the interface is frozen");
_Static_assert(GPULOCK_GRANT == 0x40185306u, "the interface is frozen");
_Static_assert(GPULOCK_REVOKE == 0x40185307u, "the interface is frozen");
_Static_assert(GPULOCK_CHECK_BATCH == 0xc0105308u, "the interface is frozen");

#endif
