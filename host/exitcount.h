/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counting a process's VM exits from the kernel's tracepoints: the evidence of a proof pass
 * (`exitlab boot`) and the figures of the live table (`exitlab exitcount`).
 */
#ifndef EXITLAB_EXITCOUNT_H
#define EXITLAB_EXITCOUNT_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

#include "exitcount_shared.h"

#define EXITCOUNT_MARKERS 1u /* count into rows that the guest opens through the marker port */
#define EXITCOUNT_LATENCY 2u /* time kvm_exit to kvm_entry; costs each exit two clock reads */
/*
 * Where kvm_exit fires, leave out kvm_cpuid, kvm_msr and kvm_hypercall, which only repeat what it
 * tells: an enabled tracepoint with an empty program alone adds 102 (kvm_exit) and 122 (kvm_cpuid)
 * instructions to a CPUID exit on Debian's 6.12. "events" then lacks them.
 */
#define EXITCOUNT_LEAN	  4u

struct exitcount;

/*
 * Start counting the exits of the process pid (a thread's id stands for its process), all of its
 * threads, from now on; flags: EXITCOUNT_*. Its VM need not exist yet. NULL with errno and one line
 * in why[size] when it cannot: EPERM (names the capability to grant), ENOTSUP (no KVM, no BTF),
 * ESRCH (no such process), or what the kernel said.
 */
struct exitcount *exitcount_open(pid_t pid, unsigned int flags, char *why, size_t size);

/*
 * The counters so far, as an object of schema exitlab-proof/1: "events" holds those tracepoints
 * that were counted; "rows" by name of exits.def, those whose marker was seen; "outside", what
 * happened with none open; "markers", the marker writes, whose own exits are in no row; "dropped",
 * the events that were seen and not counted; with EXITCOUNT_LATENCY also "latency": ns of each
 * histogram slot's lower end by reason. NULL only when memory runs out.
 */
json_t *exitcount_json(struct exitcount *counter);

/* The process that is counted. */
pid_t exitcount_process(const struct exitcount *counter);

/* Who fires kvm_exit: VENDOR_OTHER until one was seen. */
int exitcount_vendor(const struct exitcount *counter);

/* Sums all rows, "outside" included, into total. */
void exitcount_total(const struct exitcount *counter, struct exitcount_row *total);

/*
 * One row's counters, which go on counting while they are read; NULL when its marker was never
 * seen. wire: number of exits.def, 0 for what is in no row.
 */
const struct exitcount_row *exitcount_row(const struct exitcount *counter, unsigned int wire);

/* The histogram of an exits[] index, LATENCY_SLOTS long. */
const __u64 *exitcount_latency(const struct exitcount *counter, unsigned int index);

/*
 * Names of a row ("user.cpuid", "wire.99" when exits.def has none), of an exits[] index
 * (hexadecimal when the kernel's headers have none) and of a userspace_exits[] index, written to
 * text[size]. Each returns text.
 */
#define EXITCOUNT_NAME 32
char *exitcount_row_name(unsigned int wire, char *text, size_t size);
char *exitcount_exit_name(int vendor, unsigned int index, char *text, size_t size);
char *exitcount_userspace_name(unsigned int index, char *text, size_t size);

/* Stop counting and free; NULL does nothing. */
void exitcount_close(struct exitcount *counter);

#endif
