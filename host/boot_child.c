// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "boot_child.h"
#include "json_file.h"
#include "report.h"
#include "util.h"

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

/* 0, also without such a file, when *found is false; -1 with one line on stderr. */
static int set_time(const char *run, const char *name, const char *began, bool *found)
{
	json_t *json = NULL;
	int error = json_file_read(run, name, &json);

	*found = json != NULL;
	if (json && json_object_get(json, "time")) {
		json_object_set_new(json, "time", json_string(began));
		error = json_file_write(json, run, name);
	}
	json_decref(json);
	return error;
}

int boot_report_again(const char *run, const char *began)
{
	bool found;

	if (set_time(run, "env.json", began, &found))
		return -1;
	if (!found) {
		pr_err("%s has no env.json: it did not come back whole", run);
		return -1;
	}
	return set_time(run, "floor.json", began, &found) || report_make(run) ? -1 : 0;
}

static FILE *open_log(const char *directory, char path[PATH_MAX + 16])
{
	snprintf(path, PATH_MAX + 16, "%s/boot.log", directory);
	return fopen(path, "re");
}

void boot_log_warnings(const char *directory)
{
	char path[PATH_MAX + 16], line[512];
	FILE *log = open_log(directory, path);

	while (log && fgets(line, sizeof(line), log))
		if (!strncmp(line, "exitlab: warning: ", 18))
			fputs(line, stderr);
	if (log)
		fclose(log);
}

void boot_last_line(const char *directory, char *line, size_t size)
{
	char path[PATH_MAX + 16], next[512], *text;
	FILE *log = open_log(directory, path);

	snprintf(line, size, "it says nothing in %s", path);
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
