// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* pcicheck: the device's DMA, within the guest's memory and outside of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcicheck.h"
#include "tap.h"

#define GUARD 0xa5

/* Where in the guest's buffer the whole of the device's is taken to; guards are around it. */
#define WHOLE 2048u

/* What the patterns are made of: a number for each. */
enum { SEED_WHOLE = 1, SEED_PART = 1000, SEED_OUTSIDE = 2000, SEED_INSIDE = 3000 };

/* Is every byte of the guest's buffer but those a guard still? The first that is not into at. */
static bool is_guarded(uint32_t from, uint32_t size, size_t *at)
{
	for (*at = 0; *at < KPCI_BUFFER_SIZE; ++*at)
		if ((*at < from || *at >= from + size) && memory[*at] != GUARD)
			return false;
	return true;
}

static uint64_t address_of(uint32_t offset)
{
	return claimed.dma_address + offset;
}

/* Gives the whole of the device's buffer a pattern. */
static bool set_whole(uint32_t seed)
{
	fill(memory, EDU_BUFFER_SIZE, seed);
	return transfer(0, address_of(0), 0, EDU_BUFFER_SIZE) >= 0;
}

/* Takes the whole of the device's buffer to WHOLE, among guards. */
static bool get_whole(void)
{
	memset(memory, GUARD, KPCI_BUFFER_SIZE);
	return transfer(EDU_DMA_FROM_DEVICE, address_of(WHOLE), 0, EDU_BUFFER_SIZE) >= 0;
}

static struct dma_case {
	uint32_t size;
	uint32_t memory, device; /* where, in the two buffers */
} cases[] = {
	{1, 4095, 0},	  {3, 5, 4091},	      {4, 8, 4},      {64, 4064, 128},
	{1000, 3600, 77}, {2048, 8192, 2047}, {4095, 100, 0},
};

static void check_to_device(const struct dma_case *it, uint32_t seed)
{
	const uint8_t *whole = memory + WHOLE;
	uint8_t expected[EDU_BUFFER_SIZE];
	size_t at = 0;
	bool moved = set_whole(SEED_WHOLE);

	memset(memory, GUARD, KPCI_BUFFER_SIZE);
	fill(memory + it->memory, it->size, seed);
	moved = moved && transfer(0, address_of(it->memory), it->device, it->size) >= 0;
	ok(moved && is_guarded(it->memory, it->size, &at) &&
		   is_filled(memory + it->memory, it->size, seed, &at),
	   "DMA of %u bytes to the device's byte %u ends, and leaves the memory as it is", it->size,
	   it->device);
	moved = moved && get_whole();
	ok(moved && is_filled(whole + it->device, it->size, seed, &at),
	   "the device has them as they were sent");
	fill(expected, sizeof(expected), SEED_WHOLE);
	ok(moved && !memcmp(whole, expected, it->device) &&
		   !memcmp(whole + it->device + it->size, expected + it->device + it->size,
			   EDU_BUFFER_SIZE - it->device - it->size),
	   "and its bytes around them are what they were");
	ok(moved && is_guarded(WHOLE, EDU_BUFFER_SIZE, &at), "all came back within its bounds");
}

static void check_from_device(const struct dma_case *it)
{
	uint8_t expected[EDU_BUFFER_SIZE];
	size_t at = 0;
	bool moved = set_whole(SEED_WHOLE);

	fill(expected, sizeof(expected), SEED_WHOLE);
	memset(memory, GUARD, KPCI_BUFFER_SIZE);
	moved = moved &&
		transfer(EDU_DMA_FROM_DEVICE, address_of(it->memory), it->device, it->size) >= 0;
	ok(moved && !memcmp(memory + it->memory, expected + it->device, it->size),
	   "DMA of %u bytes from the device's byte %u brings what is there", it->size, it->device);
	ok(moved && is_guarded(it->memory, it->size, &at),
	   "and leaves the memory around them as it is");
}

static void check_dma_interrupt(uint64_t direction, const char *name)
{
	uint32_t before = interrupts_now(), received;
	double took = transfer(direction | EDU_DMA_INTERRUPT, address_of(0), 0, 256);

	received = interrupts_wait(before) - before;
	ok(took >= 0 && received == 1,
	   "DMA %s the device ends with one interrupt, when told to (%u)", name, received);
	ok(interrupts_reasons() == EDU_INTERRUPT_DMA, "which says what it is of (%#x)",
	   interrupts_reasons());
}

/* The longest transfer, the best of three. The device's own wait is in it, and is most of it. */
static void measure_dma(uint64_t direction, const char *key)
{
	double best = 0;

	for (int i = 0; i < 3; i++) {
		double took = transfer(direction, address_of(0), 0, EDU_BUFFER_SIZE);

		if (took > 0 && (!best || took < best))
			best = took;
	}
	if (best)
		fact(key, "%.0f", EDU_BUFFER_SIZE / best);
}

void check_dma(void)
{
	uint32_t before = interrupts_now(), received;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		check_to_device(&cases[i], SEED_PART + i);
		check_from_device(&cases[i]);
	}
	received = interrupts_now() - before;
	ok(!received, "none of it interrupted where it was not told to (%u)", received);
	check_dma_interrupt(0, "to");
	check_dma_interrupt(EDU_DMA_FROM_DEVICE, "from");
	fact("dma_bytes", "%u", EDU_BUFFER_SIZE);
	fact("dma_wait_ms", "%u", EDU_DMA_DELAY_MS);
	measure_dma(0, "dma_to_device_bytes_per_s");
	measure_dma(EDU_DMA_FROM_DEVICE, "dma_from_device_bytes_per_s");
}

/* The end of the guest's memory below 4 GiB: of the last "System RAM" of /proc/iomem. */
static uint64_t memory_end(void)
{
	char line[128];
	uint64_t end = 0;
	FILE *map = fopen("/proc/iomem", "re");

	while (map && fgets(line, sizeof(line), map)) {
		unsigned long long first, last;

		if (strstr(line, "System RAM") && sscanf(line, "%llx-%llx", &first, &last) == 2 &&
		    last < 1ull << 32)
			end = last + 1;
	}
	if (map)
		fclose(map);
	return end;
}

/* What the device holds, which began as one pattern. */
static const char *describe(const uint8_t *bytes, size_t size, uint32_t before)
{
	size_t at, same = 1;

	if (is_filled(bytes, size, before, &at))
		return "unchanged";
	while (same < size && bytes[same] == bytes[0])
		same++;
	if (same == size && bytes[0] == 0)
		return "zeros";
	return same == size && bytes[0] == 0xff ? "ones" : "other";
}

/*
 * Writes a pattern there, and reads there: what is stopped on its way leaves the device with what
 * it had, or with the zeros or ones of an empty bus, and never with what someone else has there.
 */
void check_outside(uint64_t address)
{
	uint64_t end = memory_end(), reach = 1ull << EDU_DMA_BITS;
	size_t at;
	const char *saw;
	bool moved;

	if (!address) {
		address = (end + 0x1fffff) & ~0xfffffull;
		if (address + EDU_BUFFER_SIZE > reach) {
			fact("outside_not_tried",
			     "all that the device reaches, up to %#llx, is the guest's memory",
			     (unsigned long long)reach);
			return;
		}
	}
	if (address < end || address + EDU_BUFFER_SIZE > reach)
		note("%#llx is not between the end of the guest's memory (%#llx) and the device's "
		     "reach (%#llx)",
		     (unsigned long long)address, (unsigned long long)end,
		     (unsigned long long)reach);
	fact("outside_address", "%#llx", (unsigned long long)address);
	moved = set_whole(SEED_OUTSIDE) &&
		transfer(EDU_DMA_FROM_DEVICE, address, 0, EDU_BUFFER_SIZE) >= 0;
	ok(moved, "DMA to %#llx, outside of the guest's memory, ends", (unsigned long long)address);
	moved = moved && set_whole(SEED_INSIDE) && transfer(0, address, 0, EDU_BUFFER_SIZE) >= 0 &&
		get_whole();
	saw = moved ? describe(memory + WHOLE, EDU_BUFFER_SIZE, SEED_INSIDE) : "no end";
	fact("outside_read", "%s", saw);
	ok(moved && !is_filled(memory + WHOLE, EDU_BUFFER_SIZE, SEED_OUTSIDE, &at),
	   "what was written there does not come back");
	ok(moved && strcmp(saw, "other"), "nor does anything else from there (%s)", saw);
	ok(set_whole(SEED_WHOLE) && get_whole() &&
		   is_filled(memory + WHOLE, EDU_BUFFER_SIZE, SEED_WHOLE, &at),
	   "the device still reaches the guest's own memory");
}

void hold_dma(void)
{
	uint64_t count = 0;

	fill(memory, EDU_BUFFER_SIZE, SEED_WHOLE);
	for (;; count++) {
		if (transfer(0, address_of(0), 0, EDU_BUFFER_SIZE) < 0 ||
		    transfer(EDU_DMA_FROM_DEVICE, address_of(WHOLE), 0, EDU_BUFFER_SIZE) < 0)
			bail("a transfer does not end");
		if (!count)
			fact("holding", "transfers one after the other");
	}
}
