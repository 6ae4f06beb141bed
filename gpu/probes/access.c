// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One table of the instructions that reach memory; the state space and the type are in their dots.
 */
#include <stdlib.h>
#include <string.h>

#include "../../host/util.h"
#include "access.h"

/* The operand that is an address: "[dst], [src]" of a copy has it second. */
static const struct {
	const char *name;
	enum weave_kind kind;
	unsigned int address; /* which of the operands in brackets, from 0 */
	bool untraced;
} instructions[] = {
	/* The first that fits counts, so longer names come first. */
	{"ld", WEAVE_LOAD, 0, false},
	{"ldu", WEAVE_LOAD, 0, false},
	{"st.async", WEAVE_STORE, 0, true},
	{"st.bulk", WEAVE_STORE, 0, true},
	{"st", WEAVE_STORE, 0, false},
	{"atom", WEAVE_ATOMIC, 0, false},
	{"red.async", WEAVE_ATOMIC, 0, true},
	{"red", WEAVE_ATOMIC, 0, false},
	{"cp.async.bulk", WEAVE_LOAD, 0, true},
	{"cp.async", WEAVE_LOAD, 1, false},
	{"cp.reduce.async.bulk", WEAVE_ATOMIC, 0, true},
	{"wmma.load", WEAVE_LOAD, 0, true},
	{"wmma.store", WEAVE_STORE, 0, true},
	{"multimem", WEAVE_ATOMIC, 0, true},
};

static const char *const other_spaces[] = {"shared", "local", "param", "const"};

/* cp.async has instructions of the same name that only wait. */
static const char *const only_waits[] = {"commit_group", "wait_group", "wait_all", "arrive",
					 "prefetch"};

static bool has_any(const char *opcode, const char *const *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ptx_has_part(opcode, parts[i]))
			return true;
	return false;
}

/* Bytes of one thread: those of its type, so many times as .v2 and the like say. 0: no type. */
static unsigned int bytes_of(const char *opcode)
{
	static const struct {
		const char *part;
		unsigned int bytes;
	} types[] = {
		{"b8", 1},  {"u8", 1},	{"s8", 1},    {"b16", 2},    {"u16", 2},
		{"s16", 2}, {"f16", 2}, {"bf16", 2},  {"b32", 4},    {"u32", 4},
		{"s32", 4}, {"f32", 4}, {"f16x2", 4}, {"bf16x2", 4}, {"b64", 8},
		{"u64", 8}, {"s64", 8}, {"f64", 8},   {"b128", 16},
	};
	static const char *const vectors[] = {"v2", "v4", "v8"};
	unsigned int bytes = 0, count = 1;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (ptx_has_part(opcode, types[i].part))
			bytes = types[i].bytes;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		if (ptx_has_part(opcode, vectors[i]))
			count = 2u << i;
	return bytes * count;
}

static const char *address_of(const struct ptx_instruction *instruction, unsigned int which)
{
	for (unsigned int i = 0; i < instruction->operands; i++)
		if (instruction->operand[i][0] == '[' && !which--)
			return instruction->operand[i];
	return NULL;
}

/* cp.async has its size as an operand, of 4, 8 or 16 bytes. */
static unsigned int copied_bytes(const struct ptx_instruction *instruction)
{
	return instruction->operands > 2 ? strtoul(instruction->operand[2], NULL, 0) : 0;
}

bool access_of(const struct ptx_instruction *instruction, struct access *access)
{
	const char *opcode = instruction->opcode;
	bool copies = ptx_is(opcode, "cp");
	size_t i = 0;

	*access = (struct access){.reach = ACCESS_NONE};
	while (i < ARRAY_SIZE(instructions) && !ptx_is(opcode, instructions[i].name))
		i++;
	if (i == ARRAY_SIZE(instructions))
		return true;
	if (copies && has_any(opcode, only_waits, ARRAY_SIZE(only_waits)))
		return true;
	access->kind = instructions[i].kind;
	if (ptx_has_part(opcode, "global"))
		access->reach = ACCESS_GLOBAL;
	else if (!has_any(opcode, other_spaces, ARRAY_SIZE(other_spaces)))
		access->reach = ACCESS_GENERIC;
	if (access->reach == ACCESS_NONE)
		return true;
	if (instructions[i].untraced) {
		access->reach = ACCESS_UNTRACED;
		return true;
	}
	access->address = address_of(instruction, instructions[i].address);
	access->bytes = copies ? copied_bytes(instruction) : bytes_of(opcode);
	return access->address && access->bytes && access->bytes < 256;
}
