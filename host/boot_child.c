// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "boot_child.h"

int boot_log_open(const char *directory, char *why, size_t size)
{
	char log[PATH_MAX + 16];
	int output = -1;

	snprintf(log, sizeof(log), "%s/boot.log", directory);
	if (!mkdir(directory, 0777))
		output = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (output < 0)
		snprintf(why, size, "%s: %s", log, strerror(errno));
	return output;
}

char *boot_run_in(const char *directory)
{
	char pattern[PATH_MAX + 16];
	char *path = NULL;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*/*-vmexit", directory);
	if (!glob(pattern, 0, NULL, &found)) {
		path = strdup(found.gl_pathv[0]);
		globfree(&found);
	}
	return path;
}

void boot_last_line(const char *directory, char *line, size_t size)
{
	char path[PATH_MAX + 16], next[512], *text;
	FILE *log;

	snprintf(path, sizeof(path), "%s/boot.log", directory);
	snprintf(line, size, "it says nothing in %s", path);
	log = fopen(path, "re");
	while (log && fgets(next, sizeof(next), log)) {
		text = strncmp(next, "exitlab: ", 9) ? next : next + 9; /* we say that, too */
		if (text[strspn(text, " \n")])
			snprintf(line, size, "%.*s", (int)strcspn(text, "\n"), text);
	}
	/* Where its logs were; they move with ours. */
	text = strstr(line, "; its logs: ");
	if (text)
		*text = '\0';
	if (log)
		fclose(log);
}
