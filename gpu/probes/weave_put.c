// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is written around the pieces of a probe: scopes, guards, addresses. */
#include <stdlib.h>
#include <string.h>

#include "../../host/util.h"
#include "pieces.h"
#include "weaving.h"

void copy_to(struct weaving *weaving, size_t end)
{
	fwrite(weaving->ptx.text + weaving->copied, 1, end - weaving->copied, weaving->out);
	weaving->copied = end;
}

/* In a scope; "skip" is where those go that the piece is not for, or 0. */
static void put_scoped(struct weaving *weaving, enum probe_place place, unsigned int skip)
{
	fputs("{\n", weaving->out);
	put_piece(weaving->out, weaving->probe, place, weaving->options.state);
	fputs("\t}\n", weaving->out);
	if (skip)
		fprintf(weaving->out, "$exitlab_%u:\n", skip);
}

/* Who is not to be counted goes past the piece. The number of the label, 0: all are. */
static unsigned int put_skip(struct weaving *weaving, const char *guard)
{
	unsigned int label = guard ? ++weaving->labels : 0;

	if (guard && *guard == '!')
		fprintf(weaving->out, "@%s bra $exitlab_%u;\n\t", guard + 1, label);
	else if (guard)
		fprintf(weaving->out, "@!%s bra $exitlab_%u;\n\t", guard, label);
	return label;
}

void put_entry(struct weaving *weaving)
{
	weaving->entered = true;
	weaving->outcome->kernels++;
	copy_to(weaving, weaving->ptx.statement.begin);
	if (has_piece(weaving->probe, PLACE_KERNEL)) {
		fprintf(weaving->out, "// exitlab: %s\n", weaving->probe->name);
		put_piece(weaving->out, weaving->probe, PLACE_KERNEL, weaving->options.state);
		fputc('\t', weaving->out);
	}
	if (!(weaving->probe->at & PROBE_AT_ENTRY))
		return;
	weaving->outcome->entries++;
	put_scoped(weaving, PLACE_ENTRY, 0);
	fputc('\t', weaving->out);
}

void not_traced(struct weaving *weaving)
{
	if (!weaving->outcome->untraced++)
		weaving->outcome->untraced_line = weaving->ptx.statement.line;
}

/* Before an exit with this guard, or at the end of a kernel. */
void put_exit(struct weaving *weaving, const char *guard)
{
	unsigned int skip;

	if (!(weaving->probe->at & PROBE_AT_EXIT))
		return;
	/* What a kernel declares, its functions do not have. */
	if (weaving->in == PTX_FUNCTION && has_piece(weaving->probe, PLACE_KERNEL)) {
		not_traced(weaving);
		return;
	}
	weaving->outcome->exits++;
	copy_to(weaving, weaving->ptx.statement.begin);
	skip = put_skip(weaving, guard);
	put_scoped(weaving, PLACE_EXIT, skip);
	fputc('\t', weaving->out);
}

/* "[%rd1+4]" into the register that the piece has it from. */
static void put_address(struct weaving *weaving, const char *address)
{
	size_t name;

	address++;
	address += strspn(address, " ");
	name = strcspn(address, "+-] ");
	fprintf(weaving->out, "mov.b64 %%exitlab_address, %.*s;\n\t", (int)name, address);
	address += name;
	name = strcspn(address, "]");
	if (strspn(address, " ") != name)
		fprintf(weaving->out, "add.s64 %%exitlab_address, %%exitlab_address, %.*s;\n\t",
			(int)(name - strspn(address, "+ ")), address + strspn(address, "+ "));
}

static void remember_site(struct weaving *weaving, const struct access *access, unsigned int number)
{
	struct weave_outcome *outcome = weaving->outcome;

	/* Grows at each power of two. */
	if (!(number & (number - 1))) {
		outcome->sites = realloc(outcome->sites,
					 (number ? 2 * number : 1) * sizeof(*outcome->sites));
		if (!outcome->sites)
			die("out of memory");
	}
	outcome->sites[number] = (struct weave_site){
		.line = weaving->ptx.statement.line, .bytes = access->bytes, .kind = access->kind};
}

bool put_access(struct weaving *weaving, const struct access *access, const char *guard)
{
	struct weave_outcome *outcome = weaving->outcome;
	unsigned int number = outcome->loads + outcome->stores + outcome->atomics, skip;

	if (number >= WEAVE_SITES_MOST)
		return refuse(weaving, weaving->ptx.statement.line,
			      "more than %u accesses in one module: name one --kernel",
			      WEAVE_SITES_MOST);
	remember_site(weaving, access, number);
	outcome->loads += access->kind == WEAVE_LOAD;
	outcome->stores += access->kind == WEAVE_STORE;
	outcome->atomics += access->kind == WEAVE_ATOMIC;
	copy_to(weaving, weaving->ptx.statement.begin);
	fputs("{\n\t.reg .b64 %exitlab_address;\n\t.reg .b32 %exitlab_what;\n\t"
	      ".reg .pred %exitlab_global;\n\t",
	      weaving->out);
	skip = put_skip(weaving, guard);
	put_address(weaving, access->address);
	fprintf(weaving->out, "mov.b32 %%exitlab_what, %u;\n\t",
		access->bytes | (unsigned int)access->kind << 8 | number << 12);
	if (access->reach == ACCESS_GENERIC) {
		if (!skip)
			skip = ++weaving->labels;
		fprintf(weaving->out,
			"isspacep.global %%exitlab_global, %%exitlab_address;\n\t"
			"@!%%exitlab_global bra $exitlab_%u;\n\t",
			skip);
	}
	put_scoped(weaving, weaving->in == PTX_FUNCTION ? PLACE_FUNCTION : PLACE_ACCESS, skip);
	fputs("\t}\n\t", weaving->out);
	return true;
}
