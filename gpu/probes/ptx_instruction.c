// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One instruction of PTX: its guard, its opcode, its operands. */
#include <string.h>

#include "../../host/util.h"
#include "ptx.h"

/* Ends the word at text with a NUL; what is behind it and one space. */
static char *end_word(char *text, const char *ends)
{
	text += strcspn(text, ends);
	if (*text)
		*text++ = '\0';
	return text + strspn(text, " ");
}

/* Takes operands apart at the commas outside of all brackets. */
static bool take_operands(char *text, struct ptx_instruction *instruction)
{
	unsigned int depth = 0;
	char *operand = text;

	if (*text == ';')
		return true;
	for (char *at = text; *at; at++) {
		depth += *at == '{' || *at == '[' || *at == '(';
		depth -= *at == '}' || *at == ']' || *at == ')';
		if (depth || (*at != ',' && *at != ';'))
			continue;
		if (at == operand)
			return false;
		if (instruction->operands < ARRAY_SIZE(instruction->operand))
			instruction->operand[instruction->operands++] = operand;
		if (*at == ';')
			operand = NULL;
		else
			operand = at + 1 + strspn(at + 1, " ");
		for (char *last = at; last >= text && (last == at || *last == ' '); last--)
			*last = '\0';
		if (!operand)
			return true;
	}
	return false;
}

bool ptx_take_apart(char *words, struct ptx_instruction *instruction)
{
	*instruction = (struct ptx_instruction){0};
	if (*words == '@') {
		char *guard = words + 1 + strspn(words + 1, " ");

		if (*guard == '!') {
			/* "@! %p1" is the same as "@!%p1". */
			guard += strspn(guard + 1, " ");
			*guard = '!';
		}
		instruction->guard = guard;
		words = end_word(instruction->guard, " ");
	}
	instruction->opcode = words;
	words += strcspn(words, " ;");
	if (words == instruction->opcode)
		return false;
	if (*words == ';') {
		*words = '\0';
		return true;
	}
	*words++ = '\0';
	return take_operands(words, instruction);
}

bool ptx_has_part(const char *opcode, const char *part)
{
	size_t length = strlen(part);

	for (const char *at = opcode; at; at = strchr(at, '.')) {
		at += *at == '.';
		if (!strncmp(at, part, length) &&
		    (!at[length] || at[length] == '.' || !strncmp(at + length, "::", 2)))
			return true;
	}
	return false;
}

bool ptx_is(const char *opcode, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(opcode, name, length) && (!opcode[length] || opcode[length] == '.');
}
