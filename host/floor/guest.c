// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The guest of `exitlab floor`: nothing but the loop around the timed instructions of insn.h. It
 * has no operating system, no interrupts and no page faults; the VMM sets its registers so that
 * guest_main() is called in the ring of the row, and the write to FLOOR_PORT_END never returns.
 */
#include <stddef.h>

#include "../../guest-bench/insn_device.h"
#include "layout.h"

#define PAGE_SAMPLES (4096 / sizeof(uint32_t))

bool insn_on_amd;
uint64_t insn_operand, insn_address;

enum {
#define EXIT_ROW(wire, number, context, name, ...) WIRE_##context##_##name = wire,
#include "../../guest-bench/exits.def"
#undef EXIT_ROW
};

/* By wire number. The VMM orders no other row. */
static uint64_t (*const instructions[])(void) = {
#define FLOOR_ROW(context, name, insn, ...) [WIRE_##context##_##name] = insn_##insn,
#include "rows.def"
#undef FLOOR_ROW
};

static void outb(uint8_t value, uint16_t port)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static void take_samples(uint64_t (*instruction)(void), volatile uint32_t *samples, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		samples[i] = sample_narrow(instruction());
}

/* The linker puts it first. */
__attribute__((noreturn, section(".text.entry"))) void guest_main(const struct floor_order *order)
{
	volatile uint32_t *samples = (uint32_t *)(uintptr_t)FLOOR_SAMPLES;

	insn_on_amd = order->on_amd;
	insn_operand = FLOOR_VALUE;
	insn_address = order->address;
	/* The second level's page faults, before the row begins. */
	for (uint32_t i = 0; i < order->count || i < order->warmup; i += PAGE_SAMPLES)
		samples[i] = 0;
	outb(order->row, PORT_MARKER);
	while (order->spin)
		asm volatile("pause");
	take_samples(instructions[order->row], samples, order->warmup);
	take_samples(instructions[order->row], samples, order->count);
	outb(0, PORT_MARKER);
	for (;;)
		outb(0, FLOOR_PORT_END);
}
