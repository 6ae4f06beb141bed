// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* For the small guests of our own: exitlab floor, doctor's probe, the guest of a test. */
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "long_mode.h"
#include "util.h"

#define LARGE_PAGE 0x200000ul
#define TABLE	   512 /* entries: a table is a page */

/* Of an entry: present, writable, for ring 3 as well; and of a page of 2 MiB. */
#define ENTRY 0x07
#define LARGE 0x80

void long_mode_tables(char *memory, uint64_t at)
{
	uint64_t *tables = (uint64_t *)(memory + at);

	tables[0] = (at + 0x1000) | ENTRY;
	tables[TABLE] = (at + 0x2000) | ENTRY;
	for (uint64_t i = 0; i < TABLE; i++)
		tables[2 * TABLE + i] = i * LARGE_PAGE | LARGE | ENTRY;
}

int long_mode_enter(int vcpu, unsigned int ring, uint64_t tables)
{
	struct kvm_segment code = {
		.limit = ~0u,
		.present = 1,
		.s = 1,
		.g = 1,
		.l = 1,
		.type = 11,
		.dpl = ring,
		.selector = 0x30 | ring,
	};
	struct kvm_segment data = code;
	struct kvm_sregs system;

	data.l = 0;
	data.db = 1;
	data.type = 3;
	data.selector = 0x28 | ring;
	if (ioctl(vcpu, KVM_GET_SREGS, &system))
		return -1;
	system.cs = code;
	system.ds = system.es = system.fs = system.gs = system.ss = data;
	system.tr.type = 11;
	system.tr.present = 1;
	system.cr0 = 0x80000031; /* PG, NE, ET, PE */
	system.cr3 = tables;
	system.cr4 = 0x220;  /* OSFXSR, PAE */
	system.efer = 0x500; /* LMA, LME */
	return ioctl(vcpu, KVM_SET_SREGS, &system);
}

int long_mode_cpuid(int kvm, int vcpu)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[256];
	} cpuid = {.head.nent = ARRAY_SIZE(cpuid.entries)};

	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid))
		return -1;
	return ioctl(vcpu, KVM_SET_CPUID2, &cpuid);
}
