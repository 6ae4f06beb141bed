// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loads gpulock_kunit.ko, whose results the kernel says in its log, one test a line. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

/* "    ok 3 test_cut_pieces"; what is not indented is a suite. */
static void take(const char *text)
{
	const char *name;
	bool pass = !strncmp(text, "    ok ", 7);

	if (!pass && strncmp(text, "    not ok ", 11)) {
		if (strstr(text, "EXPECT") || strstr(text, "Expected"))
			note("%s", text);
		return;
	}
	name = strrchr(text, ' ');
	ok(pass, "%s", name + 1);
}

int main(void)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), error;
	char record[4096];
	ssize_t got;

	if (kmsg < 0)
		bail("/dev/kmsg: %s", strerror(errno));
	lseek(kmsg, 0, SEEK_END);
	error = module_load("gpulock_kunit", "");
	if (error)
		bail("gpulock_kunit.ko: %s", strerror(error));
	while ((got = read(kmsg, record, sizeof(record) - 1)) > 0) {
		char *text = memchr(record, ';', got);

		record[got] = '\0';
		if (!text)
			continue;
		text[1 + strcspn(text + 1, "\n")] = '\0';
		take(text + 1);
	}
	is(module_unload("gpulock_kunit"), 0, "the tests go");
	return done();
}
