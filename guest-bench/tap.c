// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See tap.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

void (*tap_copy)(const char *line, size_t length);

static int tests, failures;

/* A line, in one write, so that none of it is lost with the program. */
static void line(const char *start, const char *format, va_list arguments)
{
	char text[1024];
	size_t length = strlen(start);

	memcpy(text, start, length + 1);
	vsnprintf(text + length, sizeof(text) - 1 - length, format, arguments);
	length = strlen(text);
	text[length++] = '\n';
	fwrite(text, 1, length, stdout);
	fflush(stdout);
	if (tap_copy)
		tap_copy(text, length);
}

static void vok(bool pass, const char *format, va_list arguments)
{
	char start[32];

	snprintf(start, sizeof(start), "%sok %d - ", pass ? "" : "not ", ++tests);
	line(start, format, arguments);
	failures += !pass;
}

void ok(bool pass, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vok(pass, format, arguments);
	va_end(arguments);
}

void is(long long got, long long wanted, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vok(got == wanted, format, arguments);
	va_end(arguments);
	if (got != wanted)
		note("got %lld (%s), not %lld (%s)", got, strerror(got < 0 ? -got : got), wanted,
		     strerror(wanted < 0 ? -wanted : wanted));
}

void note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line("# ", format, arguments);
	va_end(arguments);
}

static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line("", format, arguments);
	va_end(arguments);
}

int done(void)
{
	say("1..%d", tests);
	return failures > 0;
}

void skip_all(const char *why)
{
	say("1..0 # SKIP %s", why);
}

void bail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line("Bail out! ", format, arguments);
	va_end(arguments);
	_exit(1);
}
