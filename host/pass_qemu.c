// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What devices of the host take of a guest, and how QEMU is told of them. */
#include <cpuid.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lab/tool.h"
#include "memlock.h"
#include "pass.h"
#include "util.h"

#define GIB	       ((uint64_t)1 << 30)
#define TEBIBYTE       ((uint64_t)1 << 40)
#define Q35_WINDOW     (32 * GIB) /* what QEMU gives its bus above 4 GiB, at least */
#define HYPERTRANSPORT 0xfd00000000ull
#define HELP_S	       30 /* longest time of qemu -object help */

/* Physical address bits of this host's CPUs. */
static unsigned int address_bits(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(0x80000008, &eax, &ebx, &ecx, &edx) ? eax & 0xff : 36;
}

static bool is_amd(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(0, &eax, &ebx, &ecx, &edx) && ebx == signature_AMD_ebx;
}

/*
 * The window that holds the BARs of all devices above 4 GiB. Each lies at a multiple of its size,
 * and so does a port's window at a multiple of its largest BAR: what the sizes come to, a port's
 * rounded up to that, and once more the largest where the window itself begins below such a
 * multiple.
 */
static uint64_t window_of(const struct pass *pass)
{
	uint64_t all = 0, largest = 0;

	for (unsigned int port = 0; port <= pass->device[pass->n - 1].port; port++) {
		uint64_t sum = 0, most = 1;

		for (size_t i = 0; i < pass->n; i++)
			for (size_t b = 0; b < pass->device[i].bar_n; b++) {
				const struct vfio_bar *bar = &pass->device[i].bars[b];

				if (pass->device[i].port != port || !bar->is_64bit)
					continue;
				sum += bar->size;
				most = bar->size > most ? bar->size : most;
			}
		all += (sum + most - 1) / most * most;
		largest = most > largest ? most : largest;
	}
	all = (all + largest + GIB - 1) / GIB * GIB;
	return all > Q35_WINDOW ? all : Q35_WINDOW;
}

int pass_fit(struct pass *pass, unsigned int memory_mib)
{
	unsigned int bits = address_bits();
	uint64_t end;

	pass->window = window_of(pass);
	end = 4 * GIB + ((uint64_t)memory_mib << 20) + pass->window;
	/* What AMD's IOMMU keeps below 1 TiB is in the way: QEMU puts memory above it then. */
	if (is_amd() && end > HYPERTRANSPORT)
		end = TEBIBYTE + ((uint64_t)memory_mib << 20) + pass->window;
	if (bits >= 64 || end <= 1ull << bits)
		return EXIT_OK;
	pr_err("the guest needs %" PRIu64
	       " GiB of addresses, %u MiB of memory and a window of %" PRIu64
	       " GiB for BARs; this host's CPU has %u bits: pass fewer devices, or less memory",
	       end / GIB, memory_mib, pass->window / GIB, bits);
	return EXIT_CANNOT;
}

int pass_may_lock(unsigned int memory_mib)
{
	if (may_lock(memlock_mib(memory_mib)))
		return EXIT_OK;
	pr_err("devices write to the guest's memory at any time, so all %u MiB of it are locked, and "
	       "may not be: raise `ulimit -l` to %u, or run as root",
	       memory_mib, memlock_mib(memory_mib) * 1024);
	return EXIT_CANNOT;
}

/* Knows this QEMU iommufd? From 9.0 on it does, where it was built with it. */
static int ask_for_iommufd(const char *qemu, int signals, bool *knows)
{
	char *argv[] = {(char *)qemu, "-object", "help", NULL}, text[8192] = "";
	int status = tool_run(argv, HELP_S, signals, text, sizeof(text));

	*knows = !status && strstr(text, "iommufd");
	if (status <= 128)
		return EXIT_OK;
	pr_err("interrupted before QEMU was started");
	return EXIT_FAILED;
}

static void add_devices(const struct pass *pass, struct words *words)
{
	/*
	 * The firmware makes its window as large as the BARs; this is what QEMU tells the guest's
	 * ACPI of it, and holds against the CPU's addresses before anything boots.
	 */
	words_option(words, "-global", "q35-pcihost.pci-hole64-size=%" PRIu64 "G",
		     pass->window / GIB);
	if (pass->iommufd)
		words_option(words, "-object", "iommufd,id=iommufd0");
	for (size_t i = 0; i < pass->n; i++) {
		const struct pass_device *device = &pass->device[i];

		/*
		 * Express devices want a port of their own, as they have it on the host. Cold plug:
		 * a port for hot plug would make the firmware set ports and memory aside for what
		 * may come, and 4 KiB of the 64 KiB of I/O ports for each.
		 */
		if (!device->function)
			words_option(words, "-device",
				     "pcie-root-port,id=port%u,chassis=%u,hotplug=off",
				     device->port, device->port + 1);
		words_option(words, "-device",
			     "vfio-pci,host=%s,bus=port%u,addr=0.%u,multifunction=on%s",
			     device->pci.bdf, device->port, device->function,
			     pass->iommufd ? ",iommufd=iommufd0" : "");
	}
}

int pass_arguments(struct pass *pass, const char *qemu, int signals, struct words *words)
{
	if (pass->iommufd && ask_for_iommufd(qemu, signals, &pass->iommufd))
		return EXIT_FAILED;
	add_devices(pass, words);
	return EXIT_OK;
}

static json_t *bars_json(const struct pass_device *device)
{
	json_t *bars = json_array();

	for (size_t i = 0; i < device->bar_n; i++)
		json_array_append_new(bars, json_pack("{s:i, s:I, s:b, s:b, s:b}", "index",
						      device->bars[i].index, "size",
						      (json_int_t)device->bars[i].size, "memory",
						      device->bars[i].memory, "prefetchable",
						      device->bars[i].prefetchable, "64bit",
						      device->bars[i].is_64bit));
	return bars;
}

json_t *pass_json(const struct pass *pass)
{
	json_t *devices = json_array();
	char id[16], where[16];

	for (size_t i = 0; i < pass->n; i++) {
		const struct vfio_device *pci = &pass->device[i].pci;

		snprintf(id, sizeof(id), "%04x:%04x", pci->vendor, pci->device);
		snprintf(where, sizeof(where), "port%u.%u", pass->device[i].port,
			 pass->device[i].function);
		json_array_append_new(devices,
				      json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:o}", "bdf",
						pci->bdf, "id", id, "class",
						vfio_class_name(pci->class), "group", pci->group,
						"node", pci->node, "reset", pci->reset, "guest",
						where, "bars", bars_json(&pass->device[i])));
	}
	return json_pack("{s:o, s:I, s:s}", "devices", devices, "window_bytes",
			 (json_int_t)pass->window, "iommu", pass->iommufd ? "iommufd" : "type1");
}
