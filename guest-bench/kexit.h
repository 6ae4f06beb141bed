/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the guest program asks of kexit.ko through /dev/kexit. Rows are named by their wire number
 * of exits.def; a row that is not of the right context gives EINVAL.
 */
#ifndef EXITLAB_KEXIT_H
#define EXITLAB_KEXIT_H

#ifdef __KERNEL__
#include <linux/ioctl.h>
#include <linux/types.h>
#else
#include <stdint.h>
#include <sys/ioctl.h>
#endif

/* Most samples of one KEXIT_SAMPLE: at 20 us each, nothing else is scheduled for a millisecond. */
#define KEXIT_BATCH 64u

struct kexit_batch {
	uint32_t row;
	uint32_t count;	    /* 1 to KEXIT_BATCH */
	uint64_t samples;   /* user address of count u32: ticks, saturating */
	uint64_t causes;    /* user address of count u8: DISTURBED_* bits of record.h */
	uint64_t mark_from; /* the first sample to be marked, as are all behind it */
};

/* What a row needs, looked for just before it runs. */
struct kexit_prepare {
	uint32_t row;
	uint32_t most; /* samples that it can have now; 0: any number */
	char why[120]; /* empty, or why it cannot run here */
};

/*
 * What only the host knows of the machine. fresh: where memory begins that Linux was told to leave
 * alone (memmap=), for the row that touches what nobody has touched: a guest-physical address, 0
 * for none. It is KEXIT_FRESH_MIB from a 2 MiB boundary on, KEXIT_FRESH_STEPS samples in each of
 * two passes.
 */
struct kexit_machine {
	uint64_t fresh;
	uint64_t vcpus;
};

#define KEXIT_FRESH_MIB	  128u
#define KEXIT_FRESH_STEPS 32u

/*
 * mmap() of KEXIT_PAGES pages at offset 0, read-only, shows the kernel's own counters, live: ring 3
 * reads them around a sample with plain loads, without a system call or an exit. Which pages they
 * lie in is the kernel's choice; these are their offsets in the mapping.
 */
#define KEXIT_PAGES  3u
#define KEXIT_ABSENT UINT32_MAX

struct kexit_counters {
	uint32_t timer;	 /* u32: interrupts of the local APIC's timer */
	uint32_t device; /* u64: interrupts of all devices */
	uint32_t steal; /* u64: ns the vCPU waited for its host CPU; KEXIT_ABSENT: KVM does not tell
			 */
};

/* Execute a syscall row's instruction once; the argument is the wire number. Timed from ring 3. */
#define KEXIT_EXECUTE  _IO('x', 1)
/* Time a kernel row's instruction count times: preemption off, interrupts off in each sample. */
#define KEXIT_SAMPLE   _IOW('x', 2, struct kexit_batch)
/* Write a uint32_t: the kernel's tsc_khz. */
#define KEXIT_TSC_KHZ  _IOR('x', 3, uint32_t)
/* Write where the counters lie. */
#define KEXIT_COUNTERS _IOR('x', 4, struct kexit_counters)
/* Look whether a row can run, and prepare it. */
#define KEXIT_PREPARE  _IOWR('x', 5, struct kexit_prepare)
/* Say what the machine has. */
#define KEXIT_MACHINE  _IOW('x', 6, struct kexit_machine)

#endif
