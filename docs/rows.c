// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Prints exits.def as the table of docs/method.md: `make docs` puts it there. */
#include <stdio.h>
#include <string.h>

static const char *or_dash(const char *text)
{
	return strcmp(text, "NONE") && strcmp(text, "0") ? text : "–";
}

/* In words; where no exit may happen there is nothing to count. */
static const char *often(const char *reason, const char *rule)
{
	if (!strcmp(rule, "OPEN"))
		return "open";
	if (!strcmp(reason, "NONE"))
		return "–";
	return !strcmp(rule, "ONCE") ? "once" : !strcmp(rule, "MOST") ? "at most" : "at least";
}

int main(void)
{
	puts("| row | no. | answered by | Intel exit | AMD exit | how often | what is timed |\n"
	     "| --- | --- | --- | --- | --- | --- | --- |");
#define EXIT_ROW(wire, number, context, name, insn, path, vmx, svm, event, rule, needs, prose)     \
	printf("| %s | %s | %s | %s | %s | %s | %s |\n", #context "." #name, or_dash(#number),     \
	       or_dash(#path), or_dash(#vmx), or_dash(#svm), often(#vmx, #rule), prose);
/* One line for all that time the same. */
#define GPULOCK_ROW(wire, layer, label, grants, agents, prose)                                     \
	if (grants == 1 && agents == 1)                                                            \
		printf("| gpulock." #layer                                                         \
		       "_… | – | – | – | – | – | %s, by grants and agents |\n",                    \
		       prose);
#include "exits.def"
#undef EXIT_ROW
	return 0;
}
