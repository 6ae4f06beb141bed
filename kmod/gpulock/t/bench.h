/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the benchmark asks of gpulock_bench.ko through /dev/gpulock_bench: to time checks in the
 * kernel.
 */
#ifndef GPULOCK_T_BENCH_H
#define GPULOCK_T_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * The grants of the benchmark: page number i of an agent's is at BENCH_START(i), with a page
 * between two.
 */
#define BENCH_PAGE     4096ull
#define BENCH_START(i) (0x100000000ull + 2 * BENCH_PAGE * (i))

/*
 * What is timed: the module's own check, nothing, or the look-up in one of the structures compared.
 */
enum bench_what {
	BENCH_CHECK,
	BENCH_EMPTY,
	BENCH_MAPLE,	   /* what the module has: a maple tree, 16 children a node; no index */
	BENCH_MAPLE_ALLOC, /* the same with gaps kept, 10 children a node */
	BENCH_INDEX,	   /* and with its index, as when grants have not changed for a while */
	BENCH_LIST,	   /* a list under a spinlock: what the module is drawn from has */
	BENCH_RHASHTABLE,  /* a hash table of pages */
	BENCH_WHATS
};

#define BENCH_SAMPLES_MOST 100000u

/*
 * Times count checks of one page each, of pages and agents at random, the same in every run that
 * has the same seed. Of BENCH_CHECK the agents first_agent and those behind it have the grants
 * already; a structure is filled here, in an order that is none. EINVAL, ENOMEM, EFAULT; EIO: a
 * check was denied.
 */
struct bench_run {
	__u32 what;
	__u32 first_agent;
	__u32 agents;
	__u32 count;
	__u64 grants; /* of each agent */
	__u64 seed;
	__u64 samples; /* address of count __u32: ticks */
};

#define BENCH_RUN _IOW('B', 1, struct bench_run)

/* The order in which n grants are made: every i below n once, for n a power of 10. */
static inline __u64 bench_order(__u64 i, __u64 n)
{
	return i * 61803 % n;
}

#endif
