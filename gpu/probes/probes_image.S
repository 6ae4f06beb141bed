/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The text of the probes, each with a NUL behind it. */
	.section .rodata
#define FILE(name)    .incbin #name
#define PATH(name)    FILE(name)
#define TEXT(symbol, file)                                                                         \
	.global symbol; symbol: PATH(gpu/probes/device/file.ptx); .byte 0;
#define PROBE(name, at, keeps, prose) TEXT(probe_##name, name)
#include "probes.def"
TEXT(probe_part_counts, parts/counts)
TEXT(probe_part_memory, parts/memory)
TEXT(probe_part_ring, parts/ring)
	.section .note.GNU-stack, "", @progbits
