/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's PTX as text that ends in a 0; an empty text where there was no nvcc. */
	.section .rodata
	.balign 64
	.global vec_add_ptx
vec_add_ptx:
	.incbin "build/gpu/probes/vec_add.ptx"
	.zero 1
	.section .note.GNU-stack, "", @progbits
