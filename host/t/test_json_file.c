// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* JSON files: what is written is read back, and what cannot be is an error of one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../json_file.h"

static int make_dir(void **state)
{
	char *dir = strdup("/tmp/test_json_file.XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	int error = chdir("/") || rmdir(*state);

	free(*state);
	return error;
}

static void there_and_back(void **state)
{
	json_t *json = json_pack("{s:s, s:f}", "schema", "s/1", "a", 0.1), *back;
	char text[64] = "";
	FILE *file;

	assert_int_equal(json_file_write(json, *state, "a.json"), 0);
	file = fopen("a.json", "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text, "{\n  \"schema\": \"s/1\",\n  \"a\": 0.1\n}\n");
	assert_int_equal(json_file_read(*state, "a.json", &back), 0);
	assert_true(json_equal(json, back));
	assert_string_equal(json_text(back, "schema"), "s/1");
	assert_string_equal(json_text(back, "b"), "unknown");
	json_decref(json);
	json_decref(back);
	unlink("a.json");
}

static void absent_is_no_error(void **state)
{
	json_t *json = (json_t *)state;

	assert_int_equal(json_file_read(*state, "a.json", &json), 0);
	assert_null(json);
}

static void errors(void **state)
{
	json_t *json = json_object(), *back;

	assert_int_equal(json_file_write(json, *state, "absent/a.json"), -1);
	assert_int_equal(json_file_write(NULL, *state, "a.json"), -1);
	/* No room: the bytes are refused when the file is closed. */
	assert_int_equal(symlink("/dev/full", "full.json"), 0);
	assert_int_equal(json_file_write(json, *state, "full.json"), -1);
	assert_int_equal(unlink("full.json"), 0);
	assert_int_equal(json_file_read("/proc/self", "comm", &back), -1);
	json_decref(json);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_and_back, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(absent_is_no_error, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(errors, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
