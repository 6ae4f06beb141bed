// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * pcicheck: does a PCI device work in this guest? Drives QEMU's edu device, emulated or passed
 * through, by its registers, its DMA and its interrupt, and verifies each.
 *
 * TAP goes to stdout, and with the facts found out on the record port where there is one. Exit
 * codes: 0 all is well, 1 not, 2 usage, 77 there is no such device.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "pcicheck.h"
#include "send.h"
#include "tap.h"

static struct options {
	uint32_t slot, dma_bits, interrupts;
	bool outside, hold;
	uint64_t outside_at; /* 0: behind the guest's memory */
} options = {.dma_bits = EDU_DMA_BITS, .interrupts = 100};

struct kpci_claim claimed;
uint8_t *memory;

static volatile uint8_t *bar;
static int device = -1;
static bool recorded;

uint32_t register_read(uint32_t at)
{
	return *(volatile uint32_t *)(bar + at);
}

void register_write(uint32_t at, uint32_t value)
{
	*(volatile uint32_t *)(bar + at) = value;
}

static struct kpci_wait wait_for(uint32_t beyond, uint32_t timeout_ms)
{
	struct kpci_wait wait = {.beyond = beyond, .timeout_ms = timeout_ms};

	if (ioctl(device, KPCI_WAIT, &wait))
		bail("kpci.ko does not wait: %s", strerror(errno));
	return wait;
}

uint32_t interrupts_wait(uint32_t beyond)
{
	return wait_for(beyond, PATIENCE_S * 1000).interrupts;
}

uint32_t interrupts_now(void)
{
	return wait_for(0, 0).interrupts;
}

uint32_t interrupts_reasons(void)
{
	return wait_for(0, 0).reasons;
}

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static volatile uint64_t *dma_register(uint32_t at)
{
	return (volatile uint64_t *)(bar + at);
}

double transfer(uint64_t flags, uint64_t address, uint32_t offset, uint32_t size)
{
	bool from_device = flags & EDU_DMA_FROM_DEVICE;
	uint64_t inside = EDU_BUFFER + offset;
	double start = seconds();

	if (!size || offset > EDU_BUFFER_SIZE || size > EDU_BUFFER_SIZE - offset)
		bail("a transfer of %u bytes at %u, which ends QEMU", size, offset);
	*dma_register(EDU_DMA_SOURCE) = from_device ? inside : address;
	*dma_register(EDU_DMA_DESTINATION) = from_device ? address : inside;
	*dma_register(EDU_DMA_COUNT) = size;
	*dma_register(EDU_DMA_COMMAND) = flags | EDU_DMA_START;
	while (*dma_register(EDU_DMA_COMMAND) & EDU_DMA_START)
		if (seconds() > start + PATIENCE_S)
			return -1;
	return seconds() - start;
}

void fill(void *bytes, size_t size, uint32_t seed)
{
	uint8_t *byte = bytes;

	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		byte[i] = seed >> 24;
	}
}

bool is_filled(const void *bytes, size_t size, uint32_t seed, size_t *at)
{
	const uint8_t *byte = bytes;

	for (*at = 0; *at < size; ++*at) {
		seed = seed * 1664525 + 1013904223;
		if (byte[*at] != seed >> 24)
			return false;
	}
	return true;
}

void fact(const char *key, const char *format, ...)
{
	char text[256];
	va_list arguments;
	int length = snprintf(text, sizeof(text), "%s ", key);

	va_start(arguments, format);
	length += vsnprintf(text + length, sizeof(text) - length - 1, format, arguments);
	va_end(arguments);
	note("%s", text);
	text[length++] = '\n';
	if (recorded)
		send_file("pcicheck.txt", text, length);
}

static void record_line(const char *line, size_t length)
{
	send_file("tap", line, length);
}

/* Ends the program where the device cannot be had: that is no failure of it. */
__attribute__((noreturn)) static void cannot(const char *why)
{
	fprintf(stderr, "pcicheck: %s\n", why);
	skip_all(why);
	if (recorded)
		send_done();
	exit(77);
}

static void claim(void)
{
	char why[128];

	device = open("/dev/kpci", O_RDWR | O_CLOEXEC);
	if (device < 0) {
		snprintf(why, sizeof(why), "/dev/kpci: %s: %s", strerror(errno),
			 errno == EBUSY ? "another pcicheck runs" : "load kpci.ko");
		cannot(why);
	}
	claimed = (struct kpci_claim){.slot = options.slot, .dma_bits = options.dma_bits};
	if (ioctl(device, KPCI_CLAIM, &claimed))
		bail("kpci.ko claims nothing: %s", strerror(errno));
	if (claimed.why[0])
		cannot(claimed.why);
	bar = mmap(NULL, claimed.bar_size, PROT_READ | PROT_WRITE, MAP_SHARED, device, KPCI_BAR);
	memory = mmap(NULL, KPCI_BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, device,
		      KPCI_BUFFER);
	if (bar == MAP_FAILED || memory == MAP_FAILED)
		bail("the device cannot be mapped: %s", strerror(errno));
	fact("device", "%04x:%04x at 0000:%02x:%02x.%u", claimed.vendor, claimed.device,
	     claimed.bus, claimed.devfn >> 3, claimed.devfn & 7);
	fact("bar_bytes", "%llu", (unsigned long long)claimed.bar_size);
	fact("dma_address", "%#llx", (unsigned long long)claimed.dma_address);
}

static const char usage[] =
	"usage: pcicheck [--slot N] [--dma-bits N] [--interrupts N] [--outside auto|ADDRESS] [--hold]\n"
	"  --slot N           of PCI bus 0: where the device is, or the port that leads to it [the\n"
	"                     only edu device behind a port, else the only one]\n"
	"  --dma-bits N       of the addresses it has: what edu's dma_mask= says [28]\n"
	"  --interrupts N     are raised and counted [100]\n"
	"  --outside ADDRESS  transfer where the guest has no memory, too: what an IOMMU must stop\n"
	"  --hold             transfer without end, for what is to happen meanwhile\n";

__attribute__((noreturn)) static void misuse(const char *option, const char *text)
{
	if (option)
		fprintf(stderr, "pcicheck: --%s: not a number that it can be: %s\n", option, text);
	fputs(usage, stderr);
	exit(2);
}

static uint64_t number(const char *option, const char *text, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || end == text || *text == '-' || value < least || value > most)
		misuse(option, text);
	return value;
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = {
		{"slot", required_argument, NULL, 's'},
		{"dma-bits", required_argument, NULL, 'b'},
		{"interrupts", required_argument, NULL, 'i'},
		{"outside", required_argument, NULL, 'o'},
		{"hold", no_argument, NULL, 'h'},
		{},
	};
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", names, &index)) != -1) {
		const char *name = names[index].name;

		switch (option) {
		case 's':
			options.slot = number(name, optarg, 1, 31);
			break;
		case 'b':
			options.dma_bits = number(name, optarg, 12, 64);
			break;
		case 'i':
			options.interrupts = number(name, optarg, 1, 1000000);
			break;
		case 'o':
			options.outside = true;
			if (strcmp(optarg, "auto"))
				options.outside_at = number(name, optarg, 1, UINT64_MAX);
			break;
		case 'h':
			options.hold = true;
			break;
		default:
			misuse(NULL, NULL);
		}
	}
	if (optind < argc)
		misuse(NULL, NULL);
}

int main(int argc, char **argv)
{
	int status;

	parse(argc, argv);
	recorded = send_try();
	if (recorded)
		tap_copy = record_line;
	claim();
	if (options.hold)
		hold_dma();
	check_registers();
	check_interrupts(options.interrupts);
	check_dma();
	if (options.outside)
		check_outside(options.outside_at);
	status = done();
	if (recorded)
		send_done();
	return status;
}
