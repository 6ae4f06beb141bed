// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The whole chain: golden runs must give their golden report, byte for byte, or none at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "run_dir.h"

static void golden_runs(void **state)
{
	static const char *const runs[] = {GOLDEN "/1-svm", GOLDEN "/1-vmx", GOLDEN "/1-tcg",
					   GOLDEN "/2-vmx", GOLDEN "/2-tcg"};

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		char dir[64];

		snprintf(dir, sizeof(dir), "%s/%zu", (char *)*state, i);
		assert_int_equal(mkdir(dir, 0777), 0);
		copy_inputs(runs[i], dir);
		assert_int_equal(report_make(dir), 0);
		for (size_t j = 0; j < ARRAY_SIZE(outputs); j++)
			assert_same_file(runs[i], dir, outputs[j]);
	}
}

static void twice_the_same(void **state)
{
	char first[64], second[64], name[64], *summary;
	size_t plots = 0, rows = 0, size;

	snprintf(first, sizeof(first), "%s/first", (char *)*state);
	snprintf(second, sizeof(second), "%s/second", (char *)*state);
	assert_int_equal(mkdir(first, 0777) | mkdir(second, 0777), 0);
	copy_inputs(GOLDEN "/1-vmx", first);
	copy_inputs(GOLDEN "/1-vmx", second);
	assert_int_equal(report_make(first), 0);
	assert_int_equal(report_make(second), 0);
	/* Over an older report, too. */
	assert_int_equal(report_make(second), 0);
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++)
		assert_same_file(first, second, outputs[i]);
	assert_same_file(first, second, "report.html");
	for (int i = 0; i < EXIT_ROWS; i++) {
		char *svg;

		snprintf(name, sizeof(name), "plots/%s.svg", exit_rows[i].id);
		svg = read_text(first, name, &size);
		if (!svg)
			continue;
		assert_true(strstr(svg, "<?xml") == svg);
		assert_string_equal(svg + size - 7, "</svg>\n");
		assert_non_null(strstr(svg, exit_rows[i].id));
		assert_same_file(first, second, name);
		free(svg);
		plots++;
	}
	/* As many as rows with samples; no gnuplot, no plots. */
	summary = read_text(first, "summary.json", &size);
	assert_non_null(summary);
	for (const char *at = summary; (at = strstr(at, "\"n\":")); at++)
		rows++;
	free(summary);
	assert_true(plots == rows || (!plots && system("gnuplot -V >/dev/null 2>&1")));
}

static void broken_inputs(void **state)
{
	const char *dir = *state;
	size_t size;
	char *records = read_text(GOLDEN "/1-svm", "run.rec", &size);

	assert_refused(dir, "run.rec: No such file or directory");
	write_text(dir, "run.rec", records, size - 1);
	assert_refused(dir, "run.rec: truncated at");
	write_text(dir, "run.rec", records, size);
	write_text(dir, "proof.json", "{\"schema\": \n", 12);
	assert_refused(dir, "proof.json:");
	write_text(dir, "proof.json", "{}", 2);
	assert_refused(dir, "proof.json: its schema is not exitlab-proof/1");
	write_text(dir, "env.json", "[1, 2", 5);
	assert_refused(dir, "env.json:1:");
	assert_refused("/nonexistent", "/nonexistent/run.rec: No such file or directory");
	free(records);
}

/* Without env.json and proof.json there is a report, and it says what it does not know. */
static void only_records(void **state)
{
	size_t size;
	char *text = read_text(GOLDEN "/1-svm", "run.rec", &size), *errors;

	write_text(*state, "run.rec", text, size);
	free(text);
	errors = errors_of(*state, 0);
	assert_non_null(strstr(errors, "warning: "));
	free(errors);
	text = read_text(*state, "summary.json", &size);
	assert_non_null(text);
	assert_non_null(strstr(text, "\"host\": \"unknown\""));
	assert_non_null(strstr(text, "\"verdict\": \"UNPROVEN\""));
	assert_non_null(strstr(text, "\"reason\": \"there is no proof.json\""));
	assert_null(strstr(text, "\"proof\""));
	free(text);
}

static void odd_env(void **state)
{
	static const char env[] =
		"{\"time\": 7, \"host\": {\"name\": \"a|b<c>'d\\\"e\\u001b\", \"emulated\": \"no\", "
		"\"cpu\": [], \"kernel\": null}, \"accel\": {}, \"tool\": \"x\"}";
	size_t size;
	char *text;

	copy_inputs(GOLDEN "/1-vmx", *state);
	write_text(*state, "env.json", env, strlen(env));
	assert_int_equal(report_make(*state), 0);
	text = read_text(*state, "report.md", &size);
	assert_non_null(text);
	assert_non_null(strstr(text, "| host | a\\|b\\<c\\>'d\"e  |\n"));
	assert_non_null(strstr(text, "| time | unknown |\n"));
	assert_non_null(strstr(text, "| unit | cycles; whether emulated is unknown |\n"));
	free(text);
	text = read_text(*state, "report.csv", &size);
	assert_non_null(strstr(text, "\n\"a|b<c>'d\"\"e \",\"unknown\",tsc,unknown,"));
	free(text);
}

/* The number of saturated samples is counted, not believed. */
static void false_saturation(void **state)
{
	char *records, why[RECORD_WHY];
	struct record record;
	size_t size, at = 0;

	copy_inputs(GOLDEN "/1-svm", *state);
	records = read_text(*state, "run.rec", &size);
	do {
		assert_int_equal(record_parse(records + at, size - at, &record, why), RECORD_OK);
		at += record.length;
	} while (record.header.kind != RECORD_ROW);
	record.header.saturated++;
	record.header.checksum = record_checksum(&record.header, record.payload);
	memcpy(records + at - record.length, &record.header, sizeof(record.header));
	write_text(*state, "run.rec", records, size);
	assert_refused(*state, "user.empty, timed pass claims 1 saturated samples, 0 are there");
	free(records);
}

static void table(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	copy_inputs(GOLDEN "/1-vmx", *state);
	assert_int_equal(report_make(*state), 0);
	assert_int_equal(report_print(*state, out), 1); /* INVALID */
	fclose(out);
	assert_non_null(strstr(text, "clock   tsc, unit cycles\n"));
	assert_non_null(strstr(text, "\nINVALID: unexpected HLT exits: 3 (user.cpuid)\n"));
	assert_non_null(strstr(text, "\nuser.outb_kvm      kvm           -         -"));
	assert_non_null(strstr(text,
			       "\nsyscall.hypercall  kvm          40      1568      1639      "
			       "1639       1639      1506  PROVED\n"));
	assert_non_null(strstr(
		text, "\nuser.cpuid         kvm          40      1245     13242     13242      "
		      "13242      1183  INVALID\n"));
	assert_non_null(strstr(text, "\n15 rows, 12 PROVED, 2 INVALID, 1 WAIVED\n"));
	free(text);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(report_print(GOLDEN "/1-svm", out), 0);
	assert_int_equal(report_print("/nonexistent", out), -1);
	fclose(out);
	free(text);
}

/* Every column has the number of its heading: all of them differ. */
static void columns(void **state)
{
	json_t *summary =
		json_loads("{\"floor_run\": {\"reason\": \"\"}, \"rows\": [{\"id\": \"user.cpuid\","
			   " \"path\": \"kvm\", \"n\": 1, \"p50\": 2, \"p99\": 3,"
			   " \"p99.9\": 4, \"max\": 5, \"p50_minus_floor\": 6, \"qemu_tax\": 7,"
			   " \"verdict\": \"PROVED\"}]}",
			   0, NULL);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	assert_non_null(summary);
	report_table(summary, out);
	fclose(out);
	assert_non_null(strstr(
		text,
		"row                path          n       p50       p99     p99.9        max    -floor"
		"       tax  verdict\n"
		"user.cpuid         kvm           1         2         3         4          5         6"
		"         7  PROVED\n"));
	free(text);
	json_decref(summary);
}

/* Gives all samples of a row, in the timed pass, that value. */
static void set_samples(const char *dir, int row, uint32_t value)
{
	char *records, why[RECORD_WHY];
	struct record record;
	size_t size, at = 0;

	records = read_text(dir, "run.rec", &size);
	do {
		assert_int_equal(record_parse(records + at, size - at, &record, why), RECORD_OK);
		at += record.length;
	} while (record.header.kind != RECORD_ROW || record.header.row != exit_rows[row].wire);
	for (uint32_t i = 0; i < record.header.count; i++)
		memcpy((char *)record.payload + i * sizeof(value), &value, sizeof(value));
	record.header.checksum = record_checksum(&record.header, record.payload);
	memcpy(records + at - record.length, &record.header, sizeof(record.header));
	write_text(dir, "run.rec", records, size);
	free(records);
}

static void assert_summary(const char *dir, const char *words, bool there)
{
	json_t *summary = report_of(dir);
	char *text = json_dumps(summary, 0);

	assert_non_null(text);
	if (!strstr(text, words) == there)
		fail_msg("\"%s\": %s", words, there ? "missing" : "there");
	free(text);
	json_decref(summary);
}

/* A clock that exits makes a run INVALID by either empty bracket. */
static void canaries(void **state)
{
	static const int rows[] = {ROW_user_empty, ROW_kernel_empty};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char words[64];

		snprintf(words, sizeof(words), "%s p50 is 200, not below 200",
			 exit_rows[rows[i]].id);
		copy_inputs(GOLDEN "/1-vmx", *state);
		set_samples(*state, rows[i], 199);
		assert_summary(*state, "not below", false);
		set_samples(*state, rows[i], 200);
		assert_summary(*state, words, true);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(golden_runs, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(twice_the_same, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(broken_inputs, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(only_records, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(odd_env, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(false_saturation, make_dir, remove_dir),
		cmocka_unit_test(columns),
		cmocka_unit_test_setup_teardown(table, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(canaries, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
