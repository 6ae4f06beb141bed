// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where statements of PTX begin and end. Most end with a semicolon outside of all braces; the few
 * that do not are known by their first word.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/util.h"
#include "ptx.h"

void ptx_begin(struct ptx *ptx, const char *text)
{
	*ptx = (struct ptx){.text = text, .line = 1, .words_size = 256};
	ptx->statement.words = malloc(ptx->words_size);
	if (!ptx->statement.words)
		die("out of memory");
}

void ptx_end(struct ptx *ptx)
{
	free(ptx->statement.words);
	ptx->statement.words = NULL;
}

__attribute__((format(printf, 2, 3))) static bool broken(struct ptx *ptx, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ptx->error, sizeof(ptx->error), format, arguments);
	va_end(arguments);
	return false;
}

/* What may be in a name, an opcode with its dots, a register. */
static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '%' || c == '.';
}

static void step(struct ptx *ptx)
{
	ptx->line += ptx->text[ptx->at] == '\n';
	ptx->at++;
}

/* Over one comment, where there is one. -1: it does not end, and said so. */
static int skip_comment(struct ptx *ptx)
{
	const char *text = ptx->text + ptx->at, *end;

	if (text[0] != '/' || (text[1] != '/' && text[1] != '*'))
		return 0;
	if (text[1] == '/') {
		ptx->at += strcspn(text, "\n");
		return 1;
	}
	end = strstr(text + 2, "*/");
	if (!end) {
		ptx->statement.line = ptx->line;
		broken(ptx, "a comment does not end");
		return -1;
	}
	while (ptx->text + ptx->at < end + 2)
		step(ptx);
	return 1;
}

/* Over blanks and comments, also to the next lines. */
static bool skip_blank(struct ptx *ptx)
{
	for (;;) {
		int comment = skip_comment(ptx);

		if (comment < 0)
			return false;
		if (!comment && !isspace((unsigned char)ptx->text[ptx->at]))
			return true;
		if (!comment)
			step(ptx);
	}
}

static void add_word(struct ptx *ptx, size_t *length, char c)
{
	struct ptx_statement *statement = &ptx->statement;

	if (*length + 1 == ptx->words_size) {
		ptx->words_size *= 2;
		statement->words = realloc(statement->words, ptx->words_size);
		if (!statement->words)
			die("out of memory");
	}
	if (c == ' ' && (!*length || statement->words[*length - 1] == ' '))
		return;
	statement->words[(*length)++] = c;
}

/* How far a statement goes. */
enum until {
	UNTIL_SEMICOLON, /* outside of all braces */
	UNTIL_BODY,	 /* to a semicolon, or over the brace that begins the body */
	UNTIL_BLOCK,	 /* over the brace that ends the block */
	UNTIL_LINE,
};

/* Is the character that was just taken, at this depth of brackets, the last? */
static bool is_last(enum until until, char before, char c, unsigned int depth)
{
	switch (until) {
	case UNTIL_SEMICOLON:
		return c == ';' && !depth;
	case UNTIL_BODY:
		/* The head of a kernel may have a .pragma "..."; of its own. */
		return (c == ';' && !depth && before != '"') || (c == '{' && depth == 1);
	case UNTIL_BLOCK:
		return c == '}' && !depth;
	case UNTIL_LINE:
		break;
	}
	return false;
}

/* Takes a string, with its quotes. */
static bool take_string(struct ptx *ptx, size_t *length)
{
	do {
		add_word(ptx, length, ptx->text[ptx->at] == ' ' ? '_' : ptx->text[ptx->at]);
		step(ptx);
		if (!ptx->text[ptx->at] || ptx->text[ptx->at] == '\n')
			return broken(ptx, "a string does not end");
	} while (ptx->text[ptx->at] != '"' || ptx->text[ptx->at - 1] == '\\');
	return true;
}

/* Takes the rest of a statement, and ends it. */
static bool take(struct ptx *ptx, enum until until)
{
	struct ptx_statement *statement = &ptx->statement;
	size_t length = 0;
	unsigned int depth = 0;
	char before = ' ';

	for (;;) {
		char c = ptx->text[ptx->at];
		int comment = skip_comment(ptx);

		if (comment < 0)
			return false;
		if (comment) {
			add_word(ptx, &length, ' ');
			continue;
		}
		if (until == UNTIL_LINE && (!c || c == '\n'))
			break;
		/* A brace too many is the end of a scope, so the semicolon is what is missing. */
		if (!c || (c == '}' && !depth))
			return broken(ptx, "this does not end, or lacks its semicolon");
		if (c == '"' && !take_string(ptx, &length))
			return false;
		depth += c == '{' || c == '(' || c == '[';
		if (c == '}' || c == ')' || c == ']') {
			if (!depth)
				return broken(ptx, "a '%c' that nothing opened", c);
			depth--;
		}
		/* "st.global.u32[%rd1]" needs no space, but has one here. */
		if (c == '[' || c == '{' || c == '(')
			add_word(ptx, &length, ' ');
		add_word(ptx, &length, isspace((unsigned char)c) ? ' ' : c);
		step(ptx);
		if (is_last(until, before, c, depth))
			break;
		before = c;
	}
	add_word(ptx, &length, '\0');
	statement->end = ptx->at;
	return true;
}

/* Takes so many words as the head of a module has in one line, also where it shares the line. */
static bool take_head(struct ptx *ptx, size_t name)
{
	size_t length = 0;
	bool more = true;

	ptx->at += name;
	while (more) {
		if (!skip_blank(ptx))
			return false;
		if (!in_word(ptx->text[ptx->at]))
			return broken(ptx, "nothing stands behind '%.*s'", (int)name,
				      ptx->text + ptx->statement.begin);
		while (in_word(ptx->text[ptx->at])) {
			add_word(ptx, &length, ptx->text[ptx->at]);
			step(ptx);
		}
		ptx->statement.end = ptx->at;
		if (!skip_blank(ptx))
			return false;
		more = ptx->text[ptx->at] == ',';
		if (more) {
			add_word(ptx, &length, ',');
			step(ptx);
		}
	}
	add_word(ptx, &length, '\0');
	return true;
}

/* The first word of a directive, and how it ends. */
static bool take_directive(struct ptx *ptx, size_t name)
{
	static const struct {
		const char *name;
		enum ptx_kind kind;
		enum until until;
	} known[] = {
		{".entry", PTX_ENTRY, UNTIL_BODY},	    {".func", PTX_FUNCTION, UNTIL_BODY},
		{".loc", PTX_DECLARATION, UNTIL_LINE},	    {".file", PTX_DECLARATION, UNTIL_LINE},
		{".section", PTX_DECLARATION, UNTIL_BLOCK},
	};
	static const struct {
		const char *name;
		enum ptx_kind kind;
	} head[] = {
		{".version", PTX_VERSION},
		{".target", PTX_TARGET},
		{".address_size", PTX_ADDRESS_SIZE},
	};
	const char *word = ptx->text + ptx->statement.begin;

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		if (strlen(head[i].name) == name && !strncmp(word, head[i].name, name)) {
			ptx->statement.kind = head[i].kind;
			return take_head(ptx, name);
		}
	ptx->statement.kind = PTX_DECLARATION;
	/* .visible and the like stand before .entry and .func. */
	for (const char *at = word; *at == '.';) {
		size_t length = 1 + strcspn(at + 1, " \t\r\n.;({");

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (strlen(known[i].name) == length &&
			    !strncmp(at, known[i].name, length)) {
				ptx->statement.kind = known[i].kind;
				return take(ptx, known[i].until);
			}
		at += length;
		at += strspn(at, " \t\r\n");
	}
	return take(ptx, UNTIL_SEMICOLON);
}

/* A head that ended with a semicolon declares only. */
static void without_body(struct ptx_statement *statement)
{
	if ((statement->kind == PTX_ENTRY || statement->kind == PTX_FUNCTION) &&
	    statement->words[strlen(statement->words) - 1] != '{')
		statement->kind = PTX_DECLARATION;
}

/* Ends a statement that is one character, or a label with its colon. */
static bool take_short(struct ptx *ptx, enum ptx_kind kind, size_t length)
{
	ptx->statement.kind = kind;
	ptx->at += length;
	ptx->statement.end = ptx->at;
	ptx->statement.words[0] = '\0';
	return true;
}

bool ptx_next(struct ptx *ptx)
{
	struct ptx_statement *statement = &ptx->statement;
	const char *text;
	size_t name = 0, colon;

	statement->line = ptx->line;
	if (!skip_blank(ptx))
		return false;
	statement->line = ptx->line;
	statement->begin = ptx->at;
	text = ptx->text + ptx->at;
	if (!*text)
		return take_short(ptx, PTX_END, 0);
	if (*text == '{')
		return take_short(ptx, PTX_OPEN, 1);
	if (*text == '}')
		return take_short(ptx, PTX_CLOSE, 1);
	if (*text == ';')
		return take_short(ptx, PTX_DECLARATION, 1);
	while (in_word(text[name]))
		name++;
	colon = name + strspn(text + name, " \t");
	if (*text == '.') {
		if (!take_directive(ptx, name))
			return false;
		without_body(statement);
		return true;
	}
	if (name && text[colon] == ':' && text[colon + 1] != ':')
		return take_short(ptx, PTX_LABEL, colon + 1);
	if (!name && *text != '@')
		return broken(ptx, "no statement of PTX begins with '%c'", *text);
	statement->kind = PTX_INSTRUCTION;
	return take(ptx, UNTIL_SEMICOLON);
}
