// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * All is found from where this program is, so that a tree or an installation may be moved as a
 * whole, and DESTDIR is no part of any path.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "layout.h"
#include "util.h"
#include "version.h"

/* From the program's directory; the first is where make builds. */
static const char *const places[] = {"", "../", EXITLAB_PARTS "/"};

/* Where /proc is not mounted the path that it was started by has to do. */
static bool read_self(char self[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", self, PATH_MAX - 1);
	const char *started = (const char *)getauxval(AT_EXECFN);

	if (length < 0)
		return started && realpath(started, self);
	self[length] = '\0';
	return true;
}

void find_self(char self[PATH_MAX])
{
	if (!read_self(self))
		die("this program's own path: %s; is /proc mounted?", strerror(errno));
}

bool find_part(const char *part, char path[PATH_MAX])
{
	char self[PATH_MAX], candidate[2 * PATH_MAX];

	snprintf(path, PATH_MAX, "%s", part);
	if (!read_self(self))
		return false;
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(candidate, sizeof(candidate), "%s/%s%s", self, places[i], part);
		if (realpath(candidate, path))
			return true;
	}
	snprintf(path, PATH_MAX, "%.*s/%s", PATH_MAX - 256, self, part);
	errno = ENOENT;
	return false;
}

const char *qemu_program(void)
{
	const char *qemu = getenv("QEMU");

	return qemu && *qemu ? qemu : "qemu-system-x86_64";
}
