// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a lab says that it changed, which its root may have made up, and what is done of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lab/changes.h"
#include "tree.h"

static struct changes changes;

static void gone(int number, const char *path)
{
	changes_gone(&changes, number, path, strlen(path));
}

/* The tar file that a shell's command prints in the root. */
static void files(int number, const char *command)
{
	char whole[512], data[4096];
	FILE *from;
	size_t n;

	snprintf(whole, sizeof(whole), "cd %s && %s", root, command);
	from = popen(whole, "r");
	assert_non_null(from);
	while ((n = fread(data, 1, sizeof(data), from)))
		changes_files(&changes, number, data, n);
	assert_int_equal(pclose(from), 0);
}

static void end(int number, const char *name)
{
	char directory[128];

	snprintf(directory, sizeof(directory), "%s/%s", root, name);
	changes_end(&changes, number, directory);
}

static bool there(const char *path)
{
	char whole[128];

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	return !access(whole, F_OK);
}

static int make(void **state)
{
	int error = make_root(state);

	changes = no_changes;
	put("/one/file", "old");
	put("/two/file", "old");
	put("/out/file", "old");
	put("/made/new", "new");
	put("/made/link/new", "new");
	return error;
}

static void each_in_its_directory(void **state)
{
	(void)state;
	gone(1, "file");
	end(1, "two");
	assert_true(there("one/file"));
	assert_false(there("two/file"));
	files(0, "tar -C made -c new");
	end(0, "one");
	assert_true(there("one/new"));
	assert_false(there("two/new"));
	assert_false(changes.lost);
}

static void nothing_before_the_end(void **state)
{
	(void)state;
	gone(0, "file");
	files(0, "tar -C made -c new");
	assert_true(there("one/file"));
	assert_false(there("one/new"));
	/* Nor if there is another's instead. */
	end(1, "two");
	end(0, "one");
	assert_true(there("one/file") && there("two/file"));
}

static void what_fails_is_said(void **state)
{
	(void)state;
	files(0, "echo no tar file");
	end(0, "one");
	assert_true(changes.lost);
}

static void no_way_out_by_name(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/out/file", root);
	gone(0, path);
	gone(0, "../out/file");
	gone(0, "a/../../out/file");
	gone(0, "..");
	gone(0, "");
	files(0, "tar -P -C made -c --transform 's,^,../out/,' new");
	end(0, "one");
	assert_true(there("out/file"));
	assert_false(there("out/new"));
}

/* Where this machine lets no process have mounts of its own, links are followed. */
static void no_way_out_by_link(void **state)
{
	char link[128];

	(void)state;
	if (system("unshare -m true 2>/dev/null || unshare -rm true 2>/dev/null"))
		skip();
	snprintf(link, sizeof(link), "%s/one/link", root);
	assert_int_equal(symlink("../out", link), 0);
	gone(0, "link/file");
	end(0, "one");
	files(0, "tar -C made -c link/new");
	end(0, "one");
	assert_true(there("out/file"));
	assert_false(there("out/new"));
	assert_true(changes.lost);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_root)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(each_in_its_directory), TEST(nothing_before_the_end), TEST(what_fails_is_said),
		TEST(no_way_out_by_name),    TEST(no_way_out_by_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
