// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "util.h"

static int make_directory(const char *path)
{
	if (!mkdir(path, 0777) || errno == EEXIST)
		return 0;
	pr_err("%s: %s; RESULTS= names another place", path, strerror(errno));
	return -1;
}

static bool exists(const char *path, const char *suffix)
{
	char name[4200];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return !access(name, F_OK);
}

/* Two runs may begin in the same second: the later one gets -2. */
static int make_partial(struct archive *archive, const char *host_directory, const char *base)
{
	for (int i = 1; i < 100; i++) {
		char number[8] = "";

		if (i > 1)
			snprintf(number, sizeof(number), "-%d", i);
		if (snprintf(archive->final, sizeof(archive->final), "%s/%s%s", host_directory,
			     base, number) >= (int)sizeof(archive->final))
			break;
		snprintf(archive->directory, sizeof(archive->directory), "%s.partial",
			 archive->final);
		if (exists(archive->final, "") || exists(archive->final, ".failed"))
			continue;
		if (!mkdir(archive->directory, 0777))
			return 0;
		if (errno != EEXIST)
			break;
	}
	pr_err("%s.partial: %s; RESULTS= names another place", archive->final, strerror(errno));
	return -1;
}

static void note_time(struct archive *archive, struct tm *utc)
{
	time_t now = time(NULL);

	gmtime_r(&now, utc);
	strftime(archive->time, sizeof(archive->time), "%Y-%m-%dT%H:%M:%SZ", utc);
}

int archive_begin(struct archive *archive, const char *results, const char *host, const char *kind)
{
	char directory[4096], base[128], stamp[32];
	struct tm utc;

	note_time(archive, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(base, sizeof(base), "%s-%s", stamp, kind);
	snprintf(directory, sizeof(directory), "%s/%s", results, host);
	if (make_directory(results) || make_directory(directory))
		return -1;
	return make_partial(archive, directory, base);
}

int archive_begin_at(struct archive *archive, const char *path)
{
	struct tm utc;

	note_time(archive, &utc);
	archive->apart = true;
	if (snprintf(archive->final, sizeof(archive->final), "%s", path) >=
	    (int)sizeof(archive->final))
		errno = ENAMETOOLONG;
	else {
		snprintf(archive->directory, sizeof(archive->directory), "%s.partial", path);
		if (!mkdir(archive->directory, 0777))
			return 0;
	}
	pr_err("%s.partial: %s; %s", path, strerror(errno),
	       errno == EEXIST ? "remove it if no run is going on" : "name another place");
	return -1;
}

static int rename_to(struct archive *archive, const char *suffix)
{
	char to[sizeof(archive->final) + 8];

	snprintf(to, sizeof(to), "%s%s", archive->final, suffix);
	if (rename(archive->directory, to)) {
		pr_err("%s: cannot rename to %s: %s", archive->directory, to, strerror(errno));
		return -1;
	}
	strcpy(archive->directory, to);
	return 0;
}

int archive_keep(struct archive *archive)
{
	return rename_to(archive, "");
}

int archive_fail(struct archive *archive, const char *why)
{
	char path[sizeof(archive->directory) + 16];
	FILE *file;

	snprintf(path, sizeof(path), "%s/reason.txt", archive->directory);
	file = fopen(path, "we");
	if (!file || fprintf(file, "%s\n", why) < 0)
		pr_warn("%s: %s", path, strerror(errno));
	if (file)
		fclose(file);
	return rename_to(archive, ".failed");
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void remove_tree(const char *path)
{
	nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void archive_discard(struct archive *archive)
{
	remove_tree(archive->directory);
	if (archive->apart)
		return;
	*strrchr(archive->directory, '/') = '\0';
	rmdir(archive->directory); /* the host's, if this was its first run */
}
