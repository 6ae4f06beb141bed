// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Command lines of any length. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "words.h"

void words_add(struct words *words, const char *format, ...)
{
	va_list list;

	words->word = realloc(words->word, (words->n + 2) * sizeof(*words->word));
	va_start(list, format);
	if (!words->word || vasprintf(&words->word[words->n++], format, list) < 0)
		die("no memory");
	va_end(list);
	words->word[words->n] = NULL;
}

void words_free(struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->word[i]);
	free(words->word);
	*words = (struct words){0};
}

char *qemu_quoted(const char *text)
{
	char *quoted = malloc(2 * strlen(text) + 1), *to = quoted;

	if (!quoted)
		die("no memory");
	for (; *text; text++) {
		*to++ = *text;
		if (*text == ',')
			*to++ = ',';
	}
	*to = 0;
	return quoted;
}
