/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Starts Linux in the Intel lab: an option ROM that the firmware calls when it has set the machine
 * up, and that does not return. It finds the payload (payload.h), asks the firmware for the memory
 * map and enters Linux by its PVH entry (Xen's docs/misc/pvh.pandoc): 32-bit mode, flat segments,
 * struct hvm_start_info in EBX. There is no boot loader, no disk and nothing to unpack.
 */
#include "payload.h"

#define MAP	   0x8000 /* the memory map: a struct hvm_memmap_table_entry for each of E820 */
#define MAP_ENTRY  24
#define E820_ENTRY 20
#define STACK	   0x7000
#define CODE	   8
#define DATA	   16

	.code16
	.globl _start
_start:
	.byte 0x55, 0xaa, START_SIZE / 512
	cli
	cld
	xorw %ax, %ax
	movw %ax, %es
	movw %ax, %ss
	movl $STACK, %esp
	xorl %ebx, %ebx
	movl $MAP, %edi
	xorl %esi, %esi
map:	movl $0xe820, %eax
	movl $0x534d4150, %edx
	movl $E820_ENTRY, %ecx
	int $0x15
	jc enter
	movl $0, %es:E820_ENTRY(%di)
	addw $MAP_ENTRY, %di
	incl %esi
	testl %ebx, %ebx
	jnz map
enter:	cli
	inb $0x92, %al
	orb $2, %al
	outb %al, $0x92
	lgdtl %cs:table_pointer - _start
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $CODE, $START_ADDRESS + flat - _start

	.code32
flat:	movw $DATA, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $PAYLOAD_LOAD, %ebx
spare:	addl $PAYLOAD_BLOCK, %ebx
	cmpl $PAYLOAD_MAGIC, (%ebx)
	jne fail
	movl 8(%ebx), %ecx	/* blocks of the payload */
	movl 12(%ebx), %edx	/* where struct handoff is */
	cmpl $PAYLOAD_SPARE - 1, 4(%ebx)
	jne spare
	movl $PAYLOAD_ADDRESS, %ebx
touch:	movl (%ebx), %eax
	addl $PAYLOAD_BLOCK, %ebx
	loop touch
	cmpl $START_INFO, (%edx)
	jne fail
	movl %edx, %ebx
	movl $MAP, HANDOFF_MEMORY_MAP(%ebx)
	movl %esi, HANDOFF_MAP_COUNT(%ebx)
	jmp *HANDOFF_ENTRY(%ebx)

	/* The firmware's way to end the emulator; also of a machine that starts a second time. */
fail:	movl $START_ADDRESS + shutdown - _start, %esi
	movl $8, %ecx
	movw $0x8900, %dx
	rep outsb
	hlt
	jmp fail

shutdown:
	.ascii "Shutdown"
	.p2align 3
table:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
table_pointer:
	.word 23
	.long START_ADDRESS + table - _start

	.org START_SIZE - 1 /* before the byte that makes the sum of all 0 */
