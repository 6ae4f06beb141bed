// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tracers that trace, that are missing, that fail before and after; scripts stand for perf. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../attach.h"
#include "../exitcount.h"

#define RUN "while [ \"$1\" != -- ]; do shift; done; shift; \"$@\""

static char directory[] = "/tmp/test_attach.XXXXXX", why[300];
static int counters; /* open */

struct exitcount *exitcount_open(pid_t pid, unsigned int flags, char *text, size_t size)
{
	(void)flags;
	snprintf(text, size, "nobody may count");
	counters += pid > 0;
	return pid > 0 ? (struct exitcount *)&counters : NULL;
}

void exitcount_close(struct exitcount *counter)
{
	counters -= counter != NULL;
}

/* Makes perf a script of one line. */
static void perf_is(const char *line)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/perf", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", line);
	fclose(file);
	assert_int_equal(chmod(path, 0755), 0);
	why[0] = '\0';
}

/* Files beside perf: what a tracer left. */
static int left(void)
{
	DIR *entries = opendir(directory);
	int count = 0;

	while (readdir(entries))
		count++;
	closedir(entries);
	return count - 3; /* ., .., perf */
}

static int set_up(void **state)
{
	char path[128];

	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", directory);
	return setenv("PATH", path, 1) || setenv("TMPDIR", directory, 1);
}

static int tear_down(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/perf", directory);
	unlink(path);
	return rmdir(directory);
}

static void it_traces_until_it_is_ended(void **state)
{
	struct attached *attached;

	(void)state;
	perf_is(RUN " && echo data >perf.data");
	attached = attach_begin("perf", 1, why, sizeof(why));
	assert_non_null(attached);
	assert_int_equal(left(), 1);
	assert_int_equal(attach_end(attached, why, sizeof(why)), 0);
	assert_int_equal(left(), 0);
}

static void exitcount_is_no_process(void **state)
{
	struct attached *attached = attach_begin("exitcount", 1, why, sizeof(why));

	(void)state;
	assert_non_null(attached);
	assert_int_equal(counters, 1);
	assert_int_equal(attach_end(attached, why, sizeof(why)), 0);
	assert_int_equal(counters, 0);
	assert_null(attach_begin("exitcount", 0, why, sizeof(why)));
	assert_string_equal(why, "nobody may count");
}

static void what_keeps_it_from_tracing_is_told(void **state)
{
	static const char *const cases[][2] = {
		{"echo nothing; echo no rights >&2; exit 1", "perf failed: no rights"},
		{"exit 127", "perf is missing; make deps installs it"},
		{"exit 0", "perf ended before it traced"},
		{"kill -9 $$", "perf failed: it says nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		perf_is(cases[i][0]);
		assert_null(attach_begin("perf", 1, why, sizeof(why)));
		assert_string_equal(why, cases[i][1]);
		assert_int_equal(left(), 0);
	}
}

static void a_failure_at_the_end_is_told(void **state)
{
	struct attached *attached;

	(void)state;
	perf_is(RUN "; echo disk is full; exit 3");
	attached = attach_begin("perf", 1, why, sizeof(why));
	assert_non_null(attached);
	assert_int_equal(attach_end(attached, why, sizeof(why)), -1);
	assert_string_equal(why, "perf failed: disk is full");
	assert_int_equal(left(), 0);
}

static void nothing_is_ended_where_nothing_began(void **state)
{
	(void)state;
	assert_int_equal(attach_end(NULL, why, sizeof(why)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_traces_until_it_is_ended),
		cmocka_unit_test(exitcount_is_no_process),
		cmocka_unit_test(what_keeps_it_from_tracing_is_told),
		cmocka_unit_test(a_failure_at_the_end_is_told),
		cmocka_unit_test(nothing_is_ended_where_nothing_began),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
