/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the second vCPU runs: copied to PROCESSOR_PAGE below 1 MiB, where a start-up IPI can send it
 * in real mode. Linux, built for one CPU, knows nothing of it and keeps off that memory.
 */
#include <linux/linkage.h>
#include <asm/apicdef.h>
#include <asm/irq_vectors.h>
#include <asm/msr-index.h>
#include "processor.h"

#define AT(offset) (offset) /* every segment is the page's own */

	.section .rodata
	.code16
SYM_DATA_START(processor_code)
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$PROCESSOR_STACK, %sp
	lidtl	processor_idt - processor_code
	/* x2APIC mode, so that real mode reaches the registers; enabled by the spurious vector */
	movl	$MSR_IA32_APICBASE, %ecx
	rdmsr
	orl	$(XAPIC_ENABLE | X2APIC_ENABLE), %eax
	wrmsr
	movl	$(APIC_BASE_MSR + (APIC_SPIV >> 4)), %ecx
	xorl	%edx, %edx
	movl	$(APIC_SPIV_APIC_ENABLED | 0xff), %eax
	wrmsr
	xorl	%ebx, %ebx

	/* Takes up the mode that is asked for, and says so. */
.Lmode:	movl	PROCESSOR_WANTED, %ebx
	movl	%ebx, PROCESSOR_MODE
.Lagain:
	cmpl	%ebx, PROCESSOR_WANTED
	jne	.Lmode
	cmpl	$PROCESSOR_SPIN, %ebx
	je	.Lspin
	cmpl	$PROCESSOR_ROBIN, %ebx
	je	.Lrobin
	sti
	hlt
	cli
	jmp	.Lagain
.Lspin:	sti
	nop
	pause
	cli
	jmp	.Lagain
	/* The word that came is handed back as soon as it is another one. */
.Lrobin:
	pause
	movl	PROCESSOR_THERE, %eax
	movl	%eax, PROCESSOR_BACK
	jmp	.Lagain

.Linterrupt:
	pushl	%eax
	pushl	%ecx
	pushl	%edx
	incl	PROCESSOR_COUNT
	movl	$(APIC_BASE_MSR + (APIC_EOI >> 4)), %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	popl	%edx
	popl	%ecx
	popl	%eax
	iretw
	.balign 4
SYM_DATA_LOCAL(processor_idt, .word 4 * 256 - 1; .long PROCESSOR_PAGE + PROCESSOR_VECTORS)
SYM_DATA_END_LABEL(processor_code, SYM_L_GLOBAL, processor_code_end)

/* Where in the code the interrupt goes. */
SYM_DATA(processor_interrupt, .word .Linterrupt - processor_code)
