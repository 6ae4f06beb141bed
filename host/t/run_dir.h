/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A directory with a run, for tests of its report. After cmocka.h. */
#ifndef EXITLAB_TEST_RUN_DIR_H
#define EXITLAB_TEST_RUN_DIR_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../report.h"
#include "../util.h"

#define GOLDEN "host/t/golden"

static const char *const inputs[] = {"run.rec", "proof.json", "env.json"};
static const char *const outputs[] = {"summary.json", "report.md", "report.csv"};

/* A file's text, NULL where there is none; the caller frees it. */
static inline char *read_text(const char *dir, const char *name, size_t *size)
{
	char path[512], *text = NULL;
	struct stat stat;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return NULL;
	assert_int_equal(fstat(fd, &stat), 0);
	text = calloc(1, stat.st_size + 1);
	assert_non_null(text);
	assert_int_equal(read(fd, text, stat.st_size), stat.st_size);
	close(fd);
	*size = stat.st_size;
	return text;
}

static inline void write_text(const char *dir, const char *name, const char *text, size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline void copy_inputs(const char *golden, const char *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		size_t size;
		char *text = read_text(golden, inputs[i], &size);

		if (text)
			write_text(dir, inputs[i], text, size);
		free(text);
	}
}

static inline int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	return remove(path);
}

/* Every test has a directory of its own. */
static inline int make_dir(void **state)
{
	char *dir = strdup("/tmp/test_report.XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) ? 0 : -1;
}

static inline int remove_dir(void **state)
{
	int error = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return error;
}

/* What report_make() writes to stderr; the caller frees it. */
static inline char *errors_of(const char *dir, int wanted)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO), error;
	char *text = calloc(1, 1000);

	assert_non_null(file);
	assert_non_null(text);
	dup2(fileno(file), STDERR_FILENO);
	error = report_make(dir);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fileno(file), text, 999, 0) >= 0);
	fclose(file);
	if (error != wanted)
		fail_msg("report_make gave %d, not %d: %s", error, wanted, text);
	return text;
}

static inline void assert_refused(const char *dir, const char *words)
{
	char *errors = errors_of(dir, -1), *newline = strchr(errors, '\n');

	if (!newline || newline[1])
		fail_msg("not one line: %s", errors);
	if (!strstr(errors, words))
		fail_msg("\"%s\" does not say \"%s\"", errors, words);
	free(errors);
}

static inline void assert_same_file(const char *wanted_dir, const char *dir, const char *name)
{
	size_t wanted_size, size;
	char *wanted = read_text(wanted_dir, name, &wanted_size);
	char *text = read_text(dir, name, &size);

	if (!wanted || !text)
		fail_msg("%s is missing in %s", name, wanted ? dir : wanted_dir);
	if (size != wanted_size || memcmp(text, wanted, size))
		fail_msg("%s/%s is not as in %s", dir, name, wanted_dir);
	free(wanted);
	free(text);
}

#endif
