// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* pcicheck: the device's registers and its interrupt. */
#include "pcicheck.h"
#include "tap.h"

static uint32_t factorial(uint32_t of)
{
	uint32_t product = 1;

	while (of)
		product *= of--;
	return product;
}

/* A thread of the emulator computes it. */
static bool computed(void)
{
	double start = seconds();

	while (register_read(EDU_STATUS) & EDU_STATUS_COMPUTING)
		if (seconds() > start + PATIENCE_S)
			return false;
	return true;
}

static void check_liveness(void)
{
	static const uint32_t words[] = {0, ~0u, 1, 0x80000000, 0x12345678, 0x55555555, 0xaaaaaaaa};
	const unsigned int count = sizeof(words) / sizeof(*words);
	unsigned int inverted = 0;

	for (unsigned int i = 0; i < count; i++) {
		register_write(EDU_LIVENESS, words[i]);
		inverted += register_read(EDU_LIVENESS) == ~words[i];
	}
	ok(inverted == count, "it is alive: %u of %u words come back inverted", inverted, count);
}

static void check_factorial(void)
{
	uint32_t before = interrupts_now(), received;
	unsigned int right = 0;

	register_write(EDU_STATUS, 0);
	for (uint32_t of = 0; of <= 13; of++) {
		register_write(EDU_FACTORIAL, of);
		right += computed() && register_read(EDU_FACTORIAL) == factorial(of);
	}
	ok(right == 14, "it computes factorials: %u of 14, of 0 to 13, are right", right);
	received = interrupts_now() - before;
	ok(!received, "and does not interrupt where it was not told to (%u)", received);
}

void check_registers(void)
{
	uint32_t identification = register_read(EDU_IDENTIFICATION);

	fact("identification", "%#010x", identification);
	ok((identification & 0xffff) == 0x00ed, "it identifies itself: %#010x, of 0xRRrr00ed",
	   identification);
	check_liveness();
	check_factorial();
}

static void check_raised(uint32_t count)
{
	uint32_t before = interrupts_now(), seen = before, reasons = 0;
	uint32_t received;

	for (uint32_t i = 0; i < count; i++) {
		/* A reason of each kind in turn, so that a late one is not taken for the next. */
		uint32_t reason = 1u << (i % 31);

		register_write(EDU_INTERRUPT_RAISE, reason);
		seen = interrupts_wait(before + i);
		if (seen != before + i + 1)
			break;
		reasons += interrupts_reasons() == reason;
	}
	/* What is raised and answered in order leaves none behind. */
	register_write(EDU_FACTORIAL, 5);
	computed();
	received = interrupts_now() - before;
	fact("interrupts_raised", "%u", count);
	fact("interrupts_received", "%u", received);
	ok(received == count, "%u interrupts raised, %u received", count, received);
	ok(reasons == count, "each with its reason (%u)", reasons);
	ok(!register_read(EDU_INTERRUPT_STATUS), "and acknowledged");
}

void check_interrupts(uint32_t count)
{
	uint32_t before = interrupts_now(), received;

	register_write(EDU_STATUS, EDU_STATUS_INTERRUPT);
	register_write(EDU_FACTORIAL, 10);
	received = interrupts_wait(before) - before;
	ok(received == 1, "a factorial ends with one interrupt (%u)", received);
	ok(interrupts_reasons() == EDU_INTERRUPT_FACTORIAL, "which says what it is of (%#x)",
	   interrupts_reasons());
	ok(register_read(EDU_FACTORIAL) == factorial(10), "and the factorial is right");
	register_write(EDU_STATUS, 0);
	check_raised(count);
}
