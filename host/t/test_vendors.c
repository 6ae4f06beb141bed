// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two vendors' runs side by side, and what a run in the Intel lab says of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../json_file.h"
#include "run_dir.h"

#define SVM GOLDEN "/1-svm"
#define VMX GOLDEN "/1-vmx"

static char *table(const json_t *amd, const json_t *intel)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	vendors_table(amd, intel, out);
	fclose(out);
	return text;
}

/* The words of the line that begins with the row's name. */
static size_t words_of(char *text, const char *id, char *word[7])
{
	char *line = NULL, *at;
	size_t count = 0;

	for (at = text; at && !line; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, id, strlen(id)) && at[strlen(id)] == ' ')
			line = strndup(at, strcspn(at, "\n"));
	assert_non_null(line);
	assert_true(line[strlen(line) - 1] != ' ');
	for (at = strtok(line, " "); at && count < 7; at = strtok(NULL, " "))
		word[count++] = strdup(at);
	free(line);
	return count;
}

static void assert_line(const json_t *amd, const json_t *intel, const char *wanted)
{
	char *text = table(amd, intel), *word[7], joined[256] = "", id[64];

	snprintf(id, sizeof(id), "%.*s", (int)strcspn(wanted, " "), wanted);
	for (size_t i = 0, count = words_of(text, id, word); i < count; i++) {
		strcat(strcat(joined, i ? " " : ""), word[i]);
		free(word[i]);
	}
	assert_string_equal(joined, wanted);
	free(text);
}

static void set_row(json_t *summary, const char *id, const char *key, json_t *value)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (!strcmp(json_text(row, "id"), id))
			json_object_set(row, key, value);
	}
	json_decref(value);
}

static void side_by_side(void **state)
{
	json_t *amd = report_of(SVM), *intel = report_of(VMX);
	char *text;

	(void)state;
	assert_non_null(amd);
	assert_non_null(intel);
	set_row(amd, "user.cpuid", "p50", json_integer(3332));
	set_row(intel, "user.cpuid", "p50", json_integer(1166));
	set_row(intel, "user.cpuid", "verdict", json_string("PROVED"));
	assert_line(amd, intel, "user.cpuid 3332 PROVED cpuid 1166 PROVED CPUID");
	set_row(intel, "user.cpuid", "verdict", json_string("INVALID"));
	set_row(intel, "user.cpuid", "reason", json_string("CPUID exits 0, expected 1000"));
	assert_line(amd, intel, "user.cpuid 3332 PROVED cpuid 1166 INVALID CPUID");
	text = table(amd, intel);
	assert_non_null(
		strstr(text, "\nIntel: INVALID: CPUID exits 0, expected 1000 (user.cpuid)"));
	assert_null(strstr(text, "\nAMD: INVALID: CPUID exits 0"));
	assert_null(strstr(text, "\nboth: INVALID: CPUID exits 0"));
	free(text);
	/* What both say is said once. */
	set_row(amd, "user.cpuid", "verdict", json_string("INVALID"));
	set_row(amd, "user.cpuid", "reason", json_string("CPUID exits 0, expected 1000"));
	text = table(amd, intel);
	assert_non_null(strstr(text, "\nboth: INVALID: CPUID exits 0, expected 1000 (user.cpuid)"));
	assert_null(strstr(text, "\nIntel: INVALID: CPUID exits 0"));
	free(text);
	json_decref(amd);
	json_decref(intel);
}

/* A row that is in one run alone is in the table, without numbers that there are not. */
static void one_alone(void **state)
{
	json_t *amd = report_of(SVM), *intel = report_of(VMX), *rows, *row;
	size_t i;

	(void)state;
	rows = json_object_get(amd, "rows");
	json_array_foreach (rows, i, row) {
		if (!strcmp(json_text(row, "id"), "user.cpuid")) {
			json_array_remove(rows, i);
			break;
		}
	}
	set_row(intel, "user.cpuid", "p50", json_integer(1166));
	set_row(intel, "user.cpuid", "verdict", json_string("PROVED"));
	assert_line(amd, intel, "user.cpuid - - - 1166 PROVED CPUID");
	json_decref(amd);
	json_decref(intel);
}

/* A row has the exit that it took, which is not always the one that was expected. */
static void exit_taken(void **state)
{
	static const struct {
		const char *proof, *exit;
	} cases[] = {
		{"{'expected':'cpuid','executed':10,'exits':10,'other':{'interrupt':2}}", "cpuid"},
		{"{'expected':'read_cr8','executed':10,'exits':0,'other':{}}", "none"},
		{"{'expected':'write_dr7','executed':10,'exits':1,'other':{}}", "none"},
		{"{'expected':'none','executed':10,'exits':0,'other':{'interrupt':4}}", "none"},
		{"{'expected':'none','executed':10,'exits':0,'other':{'cr0':20}}", "cr0+"},
		{"{'expected':'none','executed':10,'exits':0,'other':{'vintr':10,'msr':11}}",
		 "msr+"},
		{"{'expected':'hlt','executed':10,'exits':10,'other':{'msr':11}}", "hlt+"},
	};
	json_t *amd = report_of(SVM), *intel = report_of(VMX);
	char wanted[64];

	(void)state;
	set_row(amd, "user.cpuid", "p50", json_integer(3332));
	set_row(intel, "user.cpuid", "p50", json_integer(1166));
	set_row(intel, "user.cpuid", "verdict", json_string("PROVED"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = strdup(cases[i].proof);

		for (char *at = text; *at; at++)
			*at = *at == '\'' ? '"' : *at;
		set_row(amd, "user.cpuid", "proof", json_loads(text, 0, NULL));
		snprintf(wanted, sizeof(wanted), "user.cpuid 3332 PROVED %s 1166 PROVED CPUID",
			 cases[i].exit);
		assert_line(amd, intel, wanted);
		free(text);
	}
	json_decref(amd);
	json_decref(intel);
}

/* How to repeat a run in the Intel lab; a floor has no knob for it. */
static void repeat(void **state)
{
	json_t *env, *summary;

	copy_inputs(SVM, *state);
	assert_int_equal(json_file_read(*state, "env.json", &env), 0);
	json_object_set_new(json_object_get(json_object_get(env, "host"), "cpu"), "vendor",
			    json_string("GenuineIntel"));
	assert_int_equal(json_file_write(env, *state, "env.json"), 0);
	summary = report_of(*state);
	assert_string_equal(json_text(summary, "repeat"), "make boot ACCEL=lab VENDOR=intel");
	json_decref(summary);
	json_object_set_new(env, "kind", json_string("floor"));
	assert_int_equal(json_file_write(env, *state, "env.json"), 0);
	summary = report_of(*state);
	assert_true(json_is_null(json_object_get(summary, "repeat")));
	json_decref(summary);
	json_decref(env);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(side_by_side),
		cmocka_unit_test(one_alone),
		cmocka_unit_test(exit_taken),
		cmocka_unit_test_setup_teardown(repeat, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
