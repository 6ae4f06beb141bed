// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Classes of PCI devices in words, as the PCI Code and ID Assignment Specification has them. */
#include "util.h"
#include "vfio.h"

/* subclass -1: all of the base class that have no line before it. */
static const struct {
	int base, subclass;
	const char *name;
} classes[] = {
	{0x01, 0x00, "SCSI controller"},
	{0x01, 0x01, "IDE controller"},
	{0x01, 0x04, "RAID controller"},
	{0x01, 0x06, "SATA controller"},
	{0x01, 0x07, "SAS controller"},
	{0x01, 0x08, "NVMe controller"},
	{0x01, -1, "storage controller"},
	{0x02, 0x00, "Ethernet controller"},
	{0x02, 0x07, "InfiniBand controller"},
	{0x02, -1, "network controller"},
	{0x03, 0x00, "VGA controller"},
	{0x03, 0x02, "3D controller"},
	{0x03, -1, "display controller"},
	{0x04, 0x03, "audio device"},
	{0x04, -1, "multimedia controller"},
	{0x05, -1, "memory controller"},
	{0x06, 0x00, "host bridge"},
	{0x06, 0x01, "ISA bridge"},
	{0x06, 0x04, "PCI bridge"},
	{0x06, -1, "bridge"},
	{0x07, 0x00, "serial controller"},
	{0x07, -1, "communication controller"},
	{0x08, 0x06, "IOMMU"},
	{0x08, -1, "system peripheral"},
	{0x09, -1, "input device"},
	{0x0b, 0x40, "coprocessor"},
	{0x0b, -1, "processor"},
	{0x0c, 0x03, "USB controller"},
	{0x0c, 0x05, "SMBus"},
	{0x0c, -1, "serial bus controller"},
	{0x0d, -1, "wireless controller"},
	{0x10, -1, "encryption controller"},
	{0x11, -1, "signal processing controller"},
	{0x12, -1, "processing accelerator"},
};

const char *vfio_class_name(unsigned int class)
{
	int base = class >> 16 & 0xff, subclass = class >> 8 & 0xff;

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i].base == base &&
		    (classes[i].subclass == subclass || classes[i].subclass < 0))
			return classes[i].name;
	return "device of no class";
}
