// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rows that need a PCI device: an edu device that QEMU emulates, or one that the host has passed
 * through to this guest. A register that a row reads or writes is touched before the row begins, so
 * that the host has mapped it.
 */
#include <linux/io.h>
#include <linux/sched.h>

#include "device.h"
#include "needs.h"
#include "privileged.h"

const volatile u64 *insn_when;

/* What may be done with a device of which nothing else is known: reading it changes nothing. */
static const struct device_kind {
	u16 vendor, device; /* PCI_ANY_ID any */
	u32 class;	    /* the upper bits of its class code; 0 any */
	u32 read;	    /* a register of BAR 0 */
} kinds[] = {
	{EDU_VENDOR, EDU_DEVICE, 0, EDU_IDENTIFICATION},
	{PCI_VENDOR_ID_NVIDIA, (u16)PCI_ANY_ID, PCI_BASE_CLASS_DISPLAY << 16, 0}, /* the chip */
	{(u16)PCI_ANY_ID, (u16)PCI_ANY_ID, PCI_CLASS_STORAGE_EXPRESS, 8},	  /* the version */
};

static const struct device_kind *kind_of(const struct pci_dev *pci)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct device_kind *kind = &kinds[i];

		if ((kind->vendor == (u16)PCI_ANY_ID || kind->vendor == pci->vendor) &&
		    (kind->device == (u16)PCI_ANY_ID || kind->device == pci->device) &&
		    (pci->class & kind->class) == kind->class)
			return kind;
	}
	return NULL;
}

static struct device_driven emulated, passed;

static bool is_emulated_edu(struct pci_dev *pci, unsigned long purpose)
{
	return device_is_edu(pci) && !device_passed(pci);
}

static bool is_passed(struct pci_dev *pci, unsigned long known)
{
	return device_passed(pci) && (!known || kind_of(pci));
}

static const char *find_emulated(void)
{
	if (emulated.pci)
		return NULL;
	if (!device_find(&emulated, is_emulated_edu, 0))
		return "no edu device of QEMU's on this machine: MACHINE=q35 has one";
	return device_map(&emulated);
}

/* The first of which a register is known. */
static const char *find_passed(void)
{
	static char why[DEVICE_WHY];
	struct device_driven other;

	if (passed.pci)
		return NULL;
	if (device_find(&passed, is_passed, true))
		return device_map(&passed);
	if (!device_find(&other, is_passed, false))
		return "no device is passed through to the guest";
	snprintf(why, sizeof(why), "no register is known of the device passed through, %04x:%04x",
		 other.pci->vendor, other.pci->device);
	pci_dev_put(other.pci);
	return why;
}

static const char *find_passed_edu(void)
{
	static char why[DEVICE_WHY];
	const char *not = find_passed();

	if (not )
		return not ;
	if (device_is_edu(passed.pci))
		return NULL;
	snprintf(why, sizeof(why), "the device passed through, %04x:%04x, is not QEMU's edu device",
		 passed.pci->vendor, passed.pci->device);
	return why;
}

static void use_register(const struct device_driven *device, u32 at)
{
	insn_address = (u64)(device->bar + at);
	readl(device->bar + at);
}

/* The liveness check takes any value. */
static void use_liveness(const struct device_driven *device)
{
	insn_operand = 0x5a5a5a5a;
	use_register(device, EDU_LIVENESS);
}

static const char *need_edu_read(void)
{
	const char *why = find_emulated();

	if (!why)
		use_register(&emulated, EDU_IDENTIFICATION);
	return why;
}

static const char *need_edu_write(void)
{
	const char *why = find_emulated();

	if (!why)
		use_liveness(&emulated);
	return why;
}

static const char *need_passed_read(void)
{
	const char *why = find_passed();

	if (!why)
		use_register(&passed, kind_of(passed.pci)->read);
	return why;
}

static const char *need_passed_write(void)
{
	const char *why = find_passed_edu();

	if (!why)
		use_liveness(&passed);
	return why;
}

/* Two halves: what is sent or received, and what the other way around shows of it. */
#define HALF	   4096
#define PATTERN(i) ((u8)((i)*197 + ((i) >> 8)))

static const char *start_passed(void)
{
	const char *why = find_passed_edu();

	if (why || passed.buffer)
		return why;
	return device_start(&passed, EDU_DMA_BITS, 2 * HALF);
}

static const char *need_passed_irq(void)
{
	const char *why = start_passed();

	if (why)
		return why;
	insn_operand = EDU_INTERRUPT_FACTORIAL;
	insn_when = &passed.when;
	use_register(&passed, EDU_INTERRUPT_RAISE);
	return NULL;
}

static void begin_passed_irq(void)
{
	insn_seen = &passed.interrupts;
}

/* Tells the device what to move: to its buffer from the first half, from it to the second. */
static void set_transfer(bool from_device)
{
	u64 there = passed.address + (from_device ? HALF : 0);

	writeq(from_device ? EDU_BUFFER : there, passed.bar + EDU_DMA_SOURCE);
	writeq(from_device ? there : EDU_BUFFER, passed.bar + EDU_DMA_DESTINATION);
	writeq(EDU_BUFFER_SIZE, passed.bar + EDU_DMA_COUNT);
	insn_address = (u64)(passed.bar + EDU_DMA_COMMAND);
	insn_operand = EDU_DMA_START | (from_device ? EDU_DMA_FROM_DEVICE : 0);
}

/* What the first half has is new each time, and the second is empty. */
static void fill_buffer(void)
{
	static u8 generation;
	u8 *bytes = passed.buffer;

	generation++;
	for (int i = 0; i < HALF; i++)
		bytes[i] = PATTERN(i) + generation;
	memset(bytes + HALF, 0, HALF);
}

static const char *need_passed_to(void)
{
	const char *why = start_passed();

	if (why)
		return why;
	fill_buffer();
	set_transfer(false);
	return NULL;
}

static const char *need_passed_from(void)
{
	const char *why = need_passed_to();

	if (why)
		return why;
	insn_device_dma();
	set_transfer(true);
	return NULL;
}

/* What came back is what was sent. */
static bool verify_passed_from(void)
{
	return !memcmp(passed.buffer, passed.buffer + HALF, EDU_BUFFER_SIZE);
}

static bool verify_passed_to(void)
{
	set_transfer(true);
	insn_device_dma();
	return verify_passed_from();
}

/* Of the device's 100 ms, in which the guest's timer stands still. */
#define TRANSFERS 4

const struct need need_EDU_READ = {need_edu_read};
const struct need need_EDU_WRITE = {need_edu_write};
const struct need need_PASSED_READ = {need_passed_read};
const struct need need_PASSED_WRITE = {need_passed_write};
const struct need need_PASSED_IRQ = {need_passed_irq, begin_passed_irq, .interrupts = true,
				     .counted = true};
const struct need need_PASSED_TO = {need_passed_to, .verify = verify_passed_to, .most = TRANSFERS};
const struct need need_PASSED_FROM = {need_passed_from, .verify = verify_passed_from,
				      .most = TRANSFERS};

void release_devices(void)
{
	device_release(&emulated);
	device_release(&passed);
}
