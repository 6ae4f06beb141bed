/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The timed instructions that ask a device, in the form of insn.h: where and what is known only
 * when the program runs.
 */
#ifndef EXITLAB_INSN_DEVICE_H
#define EXITLAB_INSN_DEVICE_H

#include "insn.h"

/* What the instructions are given: each program that times them has these, and sets them. */
extern uint64_t insn_operand; /* a value to write */
extern uint64_t insn_address; /* where to write it, or to read: a virtual address or a port */

#define OPERAND "insn_operand(%%rip)"
#define ADDRESS "insn_address(%%rip)"

INSN(mmio, "movq " ADDRESS ", %%rbx\n\tmovb " OPERAND ", %%al\n\tmovb %%al, (%%rbx)")
INSN(reg_read, "movq " ADDRESS ", %%rbx\n\tmovl (%%rbx), %%eax")
INSN(reg_write, "movq " ADDRESS ", %%rbx\n\tmovl " OPERAND ", %%eax\n\tmovl %%eax, (%%rbx)")
INSN(pio_testdev, "movl " ADDRESS ", %%edx\n\tmovb " OPERAND ", %%al\n\toutb %%al, %%dx")

#endif
