// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rows that need something of the machine: KVM, a device of QEMU's, memory that nobody has touched.
 */
#include <linux/io.h>
#include <linux/pci.h>
#include <asm/kvm_para.h>

#include "kexit.h"
#include "needs.h"
#include "privileged.h"

u64 insn_operand, insn_address;
struct kexit_machine machine = {.vcpus = 1};

const struct need need_NOTHING = {};

static const char *need_hypercall(void)
{
	return kvm_para_available() ? NULL : "no hypercalls: the guest does not run on KVM";
}

static const char *need_elcr(void)
{
	return inb(PORT_ELCR) == 0xff
		       ? "no interrupt controller answers at port 0x4d0 on this machine"
		       : NULL;
}

static const char *need_pm_timer(void)
{
	return inl(PORT_PM_TIMER) == ~0u ? "no ACPI PM timer on this machine: MACHINE=q35 has one"
					 : NULL;
}

/* pci-testdev, which QEMU has for this: one register of each BAR selects what another one does. */
#define TESTDEV_VENDOR 0x1b36
#define TESTDEV_DEVICE 0x0005

struct testdev_header {
	u8 test, width, pad[2];
	__le32 offset, data, count;
};

enum { TESTDEV_QEMU, TESTDEV_ANY, TESTDEV_MATCH };

static struct pci_dev *testdev;
static void __iomem *testdev_bar[2]; /* memory, ports */

static bool find_testdev(void)
{
	if (testdev)
		return testdev_bar[0] && testdev_bar[1];
	testdev = pci_get_device(TESTDEV_VENDOR, TESTDEV_DEVICE, NULL);
	if (testdev && pci_enable_device(testdev)) {
		pci_dev_put(testdev);
		testdev = NULL;
	}
	if (!testdev)
		return false;
	testdev_bar[0] = pci_iomap(testdev, 0, 0);
	testdev_bar[1] = pci_iomap(testdev, 1, 0);
	return testdev_bar[0] && testdev_bar[1];
}

/* The operand is what its header says is to be written, and where. */
static const char *select_test(int bar, u8 test)
{
	void __iomem *header;

	if (!find_testdev())
		return "no pci-testdev on this machine: MACHINE=q35 has one";
	header = testdev_bar[bar];
	iowrite8(test, header + offsetof(struct testdev_header, test));
	if (ioread8(header + offsetof(struct testdev_header, width)) != 1)
		return "pci-testdev does not know this test";
	insn_operand = ioread32(header + offsetof(struct testdev_header, data));
	insn_address = ioread32(header + offsetof(struct testdev_header, offset));
	insn_address += bar ? pci_resource_start(testdev, bar) : (u64)testdev_bar[bar];
	return NULL;
}

static const char *need_pio(void)
{
	return select_test(1, TESTDEV_QEMU);
}

static const char *need_pio_match(void)
{
	return select_test(1, TESTDEV_MATCH);
}

static const char *need_pio_any(void)
{
	return select_test(1, TESTDEV_ANY);
}

static const char *need_mmio_match(void)
{
	return select_test(0, TESTDEV_MATCH);
}

static const char *need_mmio_any(void)
{
	return select_test(0, TESTDEV_ANY);
}

/* microvm's first virtio-mmio transport; QEMU fills them from the last one down. */
#define VIRTIO_MMIO_START  0xfeb00000
#define VIRTIO_MMIO_SIZE   512
#define VIRTIO_MMIO_MAGIC  0x74726976
#define VIRTIO_MMIO_DEVICE 8
#define VIRTIO_MMIO_NOTIFY 0x50

static void __iomem *slot;

/* A slot without a device behind it is a device of QEMU's all the same, and ignores writes. */
static const char *need_mmio(void)
{
	if (!select_test(0, TESTDEV_QEMU))
		return NULL;
	if (!slot)
		slot = ioremap(VIRTIO_MMIO_START, VIRTIO_MMIO_SIZE);
	if (!slot || readl(slot) != VIRTIO_MMIO_MAGIC || readl(slot + VIRTIO_MMIO_DEVICE))
		return "neither pci-testdev nor a free virtio-mmio slot on this machine";
	insn_operand = 0;
	insn_address = (u64)(slot + VIRTIO_MMIO_NOTIFY);
	return NULL;
}

/* Memory that Linux was told to leave alone, so that nothing has touched it. */
static void *fresh;
static u32 fresh_used; /* steps given to rows so far */

static const char *need_fresh(void)
{
	if (!machine.fresh)
		return "no memory was set aside for it";
	if (!fresh)
		fresh = memremap(machine.fresh, (size_t)KEXIT_FRESH_MIB << 20, MEMREMAP_WB);
	if (!fresh)
		return "the memory set aside for it cannot be mapped";
	if ((fresh_used + KEXIT_FRESH_STEPS) * (u64)FRESH_STEP > (u64)KEXIT_FRESH_MIB << 20)
		return "the memory set aside for it is used up";
	insn_address = (u64)fresh + fresh_used * (u64)FRESH_STEP;
	fresh_used += KEXIT_FRESH_STEPS;
	return NULL;
}

const struct need need_HYPERCALL = {need_hypercall};
const struct need need_ELCR = {need_elcr};
const struct need need_PM_TIMER = {need_pm_timer};
const struct need need_PIO = {need_pio};
const struct need need_PIO_MATCH = {need_pio_match};
const struct need need_PIO_ANY = {need_pio_any};
const struct need need_MMIO = {need_mmio};
const struct need need_MMIO_MATCH = {need_mmio_match};
const struct need need_MMIO_ANY = {need_mmio_any};
const struct need need_FRESH = {need_fresh, .most = KEXIT_FRESH_STEPS};

void release_machine(void)
{
	if (slot)
		iounmap(slot);
	if (fresh)
		memunmap(fresh);
	for (int bar = 0; bar < 2; bar++)
		if (testdev_bar[bar])
			pci_iounmap(testdev, testdev_bar[bar]);
	pci_dev_put(testdev);
}
