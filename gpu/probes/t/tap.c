// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <stdio.h>

#include "../../../host/util.h"
#include "tap.h"

static unsigned int tests, failures;

void tap_ok(bool good, const char *format, ...)
{
	va_list arguments;

	failures += !good;
	printf("%s %u - ", good ? "ok" : "not ok", ++tests);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

int tap_done(void)
{
	printf("1..%u\n", tests);
	return failures ? EXIT_FAILED : EXIT_OK;
}
