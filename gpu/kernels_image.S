/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernels, as nvcc built them for each architecture; nothing where there is no nvcc. */
	.section .rodata
	.balign 64
	.global kernels_image, kernels_image_end
kernels_image:
	.incbin "build/gpu/kernels.fatbin"
kernels_image_end:
	.zero 64
	.section .note.GNU-stack, "", @progbits
