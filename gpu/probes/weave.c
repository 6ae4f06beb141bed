// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Copies PTX and puts pieces of a probe where they belong. A probe's text is in pieces, each behind
 * a line "//: PLACE": what the module takes, what each kernel declares, and what is put at an
 * entry, an exit, an access. Each piece stands in a scope of its own, where its names hide others:
 * it can meet no names of the kernel's. In place and not called, since ptxas does not inline a
 * .func: a short piece costs less than a call. A long one calls a function of the module piece.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/util.h"
#include "dump.h"
#include "pieces.h"
#include "weaving.h"

/* activemask and its like; ld and st with a scope. */
#define VERSION_LEAST 62
#define TARGET_LEAST  70

bool refuse(struct weaving *weaving, unsigned int line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(weaving->outcome->error, sizeof(weaving->outcome->error), format, arguments);
	va_end(arguments);
	weaving->outcome->error_line = line;
	return false;
}

static bool weave_access(struct weaving *weaving, const struct ptx_instruction *instruction)
{
	struct access access;

	if (!access_of(instruction, &access))
		return refuse(weaving, weaving->ptx.statement.line,
			      "%s has no address, or a type that is not known",
			      instruction->opcode);
	if (access.reach == ACCESS_NONE ||
	    (access.reach == ACCESS_GENERIC && !weaving->options.generic))
		return true;
	if (access.kind == WEAVE_ATOMIC && !weaving->options.atomics)
		return true;
	if (access.reach != ACCESS_UNTRACED)
		return put_access(weaving, &access, instruction->guard);
	not_traced(weaving);
	return true;
}

static bool weave_instruction(struct weaving *weaving)
{
	struct ptx_instruction instruction;
	const char *opcode;

	if (!ptx_take_apart(weaving->ptx.statement.words, &instruction))
		return refuse(weaving, weaving->ptx.statement.line, "this is no instruction");
	opcode = instruction.opcode;
	if (ptx_is(opcode, "exit") || (ptx_is(opcode, "ret") && weaving->in == PTX_ENTRY))
		put_exit(weaving, instruction.guard);
	weaving->left = !instruction.guard &&
			(ptx_is(opcode, "ret") || ptx_is(opcode, "exit") || ptx_is(opcode, "bra") ||
			 ptx_is(opcode, "brx") || ptx_is(opcode, "trap"));
	return !(weaving->probe->at & PROBE_AT_ACCESS) || weave_access(weaving, &instruction);
}

/* A statement of a kernel that is woven, or of a function. */
static bool weave_body(struct weaving *weaving)
{
	const struct ptx_statement *statement = &weaving->ptx.statement;
	bool pragma =
		statement->kind == PTX_DECLARATION && !strncmp(statement->words, ".pragma", 7);

	/* Not behind a label, which a loop may come back to, nor between a pragma and its loop. */
	if (weaving->in == PTX_ENTRY && !weaving->entered &&
	    (statement->kind != PTX_DECLARATION || pragma))
		put_entry(weaving);
	if (statement->kind == PTX_LABEL)
		weaving->left = false;
	if (statement->kind == PTX_INSTRUCTION)
		return weave_instruction(weaving);
	/* Who gets to the end of a kernel leaves it. */
	if (statement->kind == PTX_CLOSE && weaving->depth == 1 && weaving->in == PTX_ENTRY &&
	    !weaving->left)
		put_exit(weaving, NULL);
	return true;
}

static bool begin_body(struct weaving *weaving)
{
	const struct ptx_statement *statement = &weaving->ptx.statement;
	const char *name = strstr(statement->words, ".entry ");
	const char *wanted = weaving->options.kernel;
	size_t length;

	if (weaving->in != PTX_END)
		return refuse(weaving, statement->line, "a function within another");
	weaving->in = statement->kind;
	weaving->depth = 1;
	weaving->entered = weaving->left = false;
	weaving->selected = true;
	if (statement->kind == PTX_FUNCTION || !name)
		return true;
	name += strlen(".entry ");
	length = strcspn(name, " ({");
	weaving->selected = !wanted || (strlen(wanted) == length && !strncmp(name, wanted, length));
	weaving->any_selected |= weaving->selected;
	return true;
}

static bool check_head(struct weaving *weaving)
{
	const struct ptx_statement *statement = &weaving->ptx.statement;
	const char *words = statement->words;
	unsigned int major = 0, minor = 0;

	weaving->heads |= 1u << statement->kind;
	if (statement->kind == PTX_VERSION &&
	    (sscanf(words, "%u.%u", &major, &minor) != 2 || major * 10 + minor < VERSION_LEAST))
		return refuse(weaving, statement->line,
			      "PTX of version %.20s: the probes take 6.2 or newer", words);
	if (statement->kind == PTX_TARGET &&
	    (sscanf(words, "sm_%u", &major) != 1 || major < TARGET_LEAST))
		return refuse(weaving, statement->line,
			      "a target %.40s: the probes take sm_70 or newer", words);
	if (statement->kind == PTX_ADDRESS_SIZE && strcmp(words, "64"))
		return refuse(weaving, statement->line, "addresses of %.20s bits: 64 it must be",
			      words);
	return true;
}

/* Behind the head of the module, before all that may use it. */
static bool put_module(struct weaving *weaving)
{
	if (!(weaving->heads & 1u << PTX_VERSION) || !(weaving->heads & 1u << PTX_TARGET))
		return refuse(weaving, weaving->ptx.statement.line,
			      "no PTX: it does not begin with .version and .target");
	if (!(weaving->heads & 1u << PTX_ADDRESS_SIZE))
		return refuse(weaving, weaving->ptx.statement.line,
			      "there is no .address_size: 64 it must be");
	weaving->module_done = true;
	copy_to(weaving, weaving->ptx.statement.begin);
	put_module_pieces(weaving->out, weaving->probe, weaving->options.state);
	return true;
}

static bool is_woven(const struct ptx_statement *statement)
{
	switch (statement->kind) {
	case PTX_DECLARATION:
		/* Paths of files, and debug information, may have any name in them. */
		if (!strncmp(statement->words, ".file", 5) ||
		    !strncmp(statement->words, ".section", 8))
			return false;
		break;
	case PTX_ENTRY:
	case PTX_FUNCTION:
	case PTX_INSTRUCTION:
		break;
	default:
		return false;
	}
	return strstr(statement->words, "exitlab_");
}

static bool weave_statement(struct weaving *weaving)
{
	const struct ptx_statement *statement = &weaving->ptx.statement;

	if (is_woven(statement))
		return refuse(weaving, statement->line,
			      "names with exitlab_: it is woven already, weave the original");
	if (statement->kind == PTX_VERSION || statement->kind == PTX_TARGET ||
	    statement->kind == PTX_ADDRESS_SIZE)
		return check_head(weaving);
	if (!weaving->module_done && !put_module(weaving))
		return false;
	if (statement->kind == PTX_ENTRY || statement->kind == PTX_FUNCTION)
		return begin_body(weaving);
	if (weaving->in == PTX_END) {
		if (statement->kind == PTX_DECLARATION)
			return true;
		return refuse(weaving, statement->line, "this stands outside of all functions");
	}
	if (weaving->selected && !weave_body(weaving))
		return false;
	weaving->depth += statement->kind == PTX_OPEN;
	weaving->depth -= statement->kind == PTX_CLOSE;
	if (!weaving->depth)
		weaving->in = PTX_END;
	return true;
}

static bool weave_all(struct weaving *weaving)
{
	struct ptx *ptx = &weaving->ptx;

	for (;;) {
		if (!ptx_next(ptx))
			return refuse(weaving, ptx->statement.line, "%s", ptx->error);
		if (ptx->statement.kind == PTX_END)
			break;
		if (!weave_statement(weaving))
			return false;
	}
	if (weaving->in != PTX_END)
		return refuse(weaving, ptx->statement.line, "the last function does not end");
	if (!weaving->module_done)
		return refuse(weaving, 0, "no PTX: there is no code in it");
	if (!weaving->any_selected && weaving->options.kernel)
		return refuse(weaving, 0, "no kernel %.100s in it", weaving->options.kernel);
	if (!weaving->any_selected && !(weaving->probe->at & PROBE_AT_ACCESS))
		return refuse(weaving, 0, "no kernel in it");
	copy_to(weaving, ptx->at);
	return true;
}

/* Of the list that cuobjdump prints, its only module. NULL: refused. */
static char *only_module(struct weaving *weaving, const char *text, unsigned int *line)
{
	size_t begin, end;
	unsigned int modules = dump_modules(text, &begin, &end, line);
	char *module = modules == 1 ? strndup(text + begin, end - begin) : NULL;

	if (modules == 1 && !module)
		die("out of memory");
	if (modules != 1)
		refuse(weaving, 0,
		       "%u modules of PTX: weave them one by one, cuobjdump -xptx all writes them",
		       modules);
	return module;
}

char *weave(const char *ptx, const struct probe *probe, const struct weave_options *options,
	    struct weave_outcome *outcome)
{
	struct weaving weaving = {.probe = probe, .outcome = outcome};
	char *woven = NULL, *module;
	unsigned int line;
	size_t size;
	bool good;

	*outcome = (struct weave_outcome){0};
	if (options)
		weaving.options = *options;
	module = only_module(&weaving, ptx, &line);
	if (!module)
		return NULL;
	weaving.out = open_memstream(&woven, &size);
	if (!weaving.out)
		die("out of memory");
	ptx_begin(&weaving.ptx, module);
	weaving.ptx.line = line;
	good = weave_all(&weaving);
	ptx_end(&weaving.ptx);
	free(module);
	if (fclose(weaving.out))
		die("out of memory");
	if (good)
		return woven;
	free(woven);
	return NULL;
}

void weave_outcome_free(struct weave_outcome *outcome)
{
	free(outcome->sites);
	outcome->sites = NULL;
}
