// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "dump.h"

#define PART   "\nFatbin "
#define MODULE "\nFatbin ptx code:\n"

unsigned int dump_modules(const char *text, size_t *begin, size_t *end, unsigned int *line)
{
	const char *part = text, *first = NULL;
	unsigned int modules = 0;

	/* It may be the first line, too. */
	if (!strncmp(text, MODULE + 1, strlen(MODULE + 1))) {
		first = text;
		modules++;
	}
	for (part = text; (part = strstr(part, MODULE)); part++) {
		if (!modules++)
			first = part + 1;
	}
	*begin = 0;
	*end = strlen(text);
	*line = 1;
	if (!modules)
		return 1;
	part = strstr(first, PART);
	*end = part ? (size_t)(part - text) : *end;
	first = strstr(first, "\n.version");
	if (!first || first >= text + *end)
		return 0;
	*begin = first + 1 - text;
	for (size_t i = 0; i < *begin; i++)
		*line += text[i] == '\n';
	return modules;
}
