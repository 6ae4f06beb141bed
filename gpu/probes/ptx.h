/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PTX as a row of statements. No more is understood than what weaving takes: where statements
 * begin and end, of what kind they are, and the words of one.
 */
#ifndef EXITLAB_GPU_PROBES_PTX_H
#define EXITLAB_GPU_PROBES_PTX_H

#include <stdbool.h>
#include <stddef.h>

enum ptx_kind {
	PTX_END,
	PTX_VERSION, /* .version, .target, .address_size: of the module */
	PTX_TARGET,
	PTX_ADDRESS_SIZE,
	PTX_DECLARATION, /* .reg, .global, .loc and all other words with a dot; prototypes */
	PTX_ENTRY,	 /* the head of a kernel, up to and with its brace */
	PTX_FUNCTION,	 /* the head of a .func, likewise */
	PTX_OPEN,	 /* a brace that begins a scope */
	PTX_CLOSE,
	PTX_LABEL,
	PTX_INSTRUCTION, /* with its guard and its semicolon */
};

struct ptx_statement {
	enum ptx_kind kind;
	unsigned int line; /* where it begins, from 1 */
	size_t begin, end; /* in the text */
	char *words;	   /* without comments, one space for each gap; valid until the next one */
};

struct ptx {
	const char *text;
	size_t at, words_size;
	unsigned int line;
	struct ptx_statement statement;
	char error[160]; /* of the line in statement */
};

void ptx_begin(struct ptx *ptx, const char *text);

/* Reads the next statement into ptx->statement. False where it is broken: error says why. */
bool ptx_next(struct ptx *ptx);

void ptx_end(struct ptx *ptx);

/* An instruction, taken apart; all of it lies in its words, which are changed. */
struct ptx_instruction {
	char *guard;	  /* "%p1" or "!%p1"; NULL: none */
	char *opcode;	  /* "ld.global.v2.f32" */
	char *operand[8]; /* without what is around them: "[%rd1+4]"; those after it are left out */
	unsigned int operands;
};

/* False where it is no instruction as PTX has them. */
bool ptx_take_apart(char *words, struct ptx_instruction *instruction);

/* Has the opcode this part between its dots, from its first one? "global" of "ld.global.u32". */
bool ptx_has_part(const char *opcode, const char *part);

/* Is the opcode of this name: "ld" of "ld.global.u32", not of "ldu.global.u32"? */
bool ptx_is(const char *opcode, const char *name);

#endif
