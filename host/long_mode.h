/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A vCPU that begins in 64-bit mode, in either ring, without firmware or descriptor tables. */
#ifndef EXITLAB_LONG_MODE_H
#define EXITLAB_LONG_MODE_H

#include <stdint.h>

#define LONG_MODE_TABLES_SIZE 0x3000 /* bytes of the page tables */

/* rflags of a guest that may use ports in ring 3: IOPL 3, interrupts off. */
#define LONG_MODE_IOPL3 0x3002

/*
 * Fills in page tables at guest-physical address at, 4 KiB aligned, of the guest's memory: the
 * first GiB maps to itself in 2 MiB pages, writable, for ring 3 as well.
 */
void long_mode_tables(char *memory, uint64_t at);

/* Puts a vCPU into ring 0 or 3 with those tables. 0, or -1 with errno where KVM refuses. */
int long_mode_enter(int vcpu, unsigned int ring, uint64_t tables);

/* Gives a vCPU all of CPUID that this KVM can. 0, or -1 with errno. */
int long_mode_cpuid(int kvm, int vcpu);

#endif
