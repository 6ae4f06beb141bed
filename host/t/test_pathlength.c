// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The matrix and its table, from boots that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../json_file.h"
#include "../pathlength.h"
#include "../util.h"

#define NEW "linux-image-6.12.117+deb12-amd64-unsigned"
#define OLD "/boot/vmlinuz-6.1.0-56-amd64"

static char why[256];

static struct matrix made(const char *kernels, const char *vary, bool full)
{
	struct matrix matrix;

	assert_int_equal(matrix_make(&matrix, kernels, vary, full, why, sizeof(why)), 0);
	return matrix;
}

static struct pathlength_cell *labelled(struct matrix *matrix, const char *wanted)
{
	struct pathlength_cell *found = NULL;
	char label[200];

	for (size_t i = 0; i < matrix->count; i++) {
		if (strcmp(cell_label(matrix, &matrix->cells[i], label, sizeof(label)), wanted))
			continue;
		assert_null(found);
		found = &matrix->cells[i];
	}
	return found;
}

static void one_change_at_a_time_and_kernels_by_mitigations(void **state)
{
	static const char *const labels[] = {
		"base", "6.1.0-56", "mitigations=off", "6.1.0-56 mitigations=off",
		"q35",	"file",	    "socket",	       "exitcount",
		"perf", "trace-cmd"};
	struct matrix matrix = made(NEW " " OLD, NULL, false);

	(void)state;
	assert_int_equal(matrix.count, ARRAY_SIZE(labels));
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		assert_non_null(labelled(&matrix, labels[i]));
	assert_ptr_equal(labelled(&matrix, "base"), matrix.cells);
	assert_string_equal(matrix.cells[0].value[FACTOR_KERNEL], NEW);
	assert_string_equal(labelled(&matrix, "q35")->value[FACTOR_MACHINE], "q35");
	assert_string_equal(labelled(&matrix, "6.1.0-56")->value[FACTOR_KERNEL], OLD);
	matrix_free(&matrix);
}

static void all_combinations_when_asked_for(void **state)
{
	struct matrix matrix = made(NEW "," OLD, NULL, true);

	(void)state;
	assert_int_equal(matrix.count, 2 * 2 * 2 * 3 * 4);
	assert_non_null(labelled(&matrix, "6.1.0-56 mitigations=off q35 socket perf"));
	matrix_free(&matrix);
}

static void only_the_factors_named(void **state)
{
	struct matrix matrix = made(NEW " " OLD, "mitigations,machine", false);

	(void)state;
	assert_int_equal(matrix.count, 3);
	assert_non_null(labelled(&matrix, "mitigations=off"));
	assert_non_null(labelled(&matrix, "q35"));
	matrix_free(&matrix);
}

static void wrong_words_are_told(void **state)
{
	static const char *const wrong[][2] = {
		{NEW, "machin"}, {NEW, "kernel,"}, {NEW " " NEW, NULL}, {" ,", NULL}};
	struct matrix matrix;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		int error = matrix_make(&matrix, wrong[i][0], wrong[i][1], false, why, sizeof(why));

		/* A comma at the end names nothing more. */
		assert_int_equal(error, i == 1 ? 0 : -1);
		matrix_free(&matrix);
	}
}

/* A boot with user.cpuid of p50, and user.outb. */
static void fill(struct pathlength_cell *cell, int p50, const char *verdict)
{
	cell->verdict = "ok";
	strcpy(cell->run, "runs/some");
	cell->summary = json_pack(
		"{s:s, s:b, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s},"
		" s:[{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i},"
		"    {s:s, s:s, s:s, s:s, s:s}]}",
		"clock", "insn", "emulated", 1, "tool", "version", "1", "revision", "2", "setup",
		"cpu", "EPYC", "kernel", "6.12.117", "guest_kernel", "6.12", "qemu", "7.2", "rows",
		"id", "user.cpuid", "unit", "insns", "better", "lower", "verdict", verdict,
		"reason", strcmp(verdict, "PROVED") ? "some | reason" : "", "n", 10, "min", p50,
		"p25", p50, "p50", p50, "p75", p50, "p90", p50, "p99", p50, "max", 2 * p50, "id",
		"user.outb", "unit", "insns", "better", "lower", "verdict", "WAIVED", "reason",
		"no such port");
}

static void set(json_t *object, size_t row, const char *key, int value)
{
	json_object_set_new(json_array_get(json_object_get(object, "rows"), row), key,
			    json_integer(value));
}

/* base 3000, q35 WAIVED, file 3100, socket 2900. */
static struct matrix example(void)
{
	struct matrix matrix = made(NEW, "machine,debugcon", false);

	fill(labelled(&matrix, "base"), 3000, "PROVED");
	fill(labelled(&matrix, "file"), 3100, "PROVED");
	fill(labelled(&matrix, "socket"), 2900, "PROVED");
	labelled(&matrix, "q35")->verdict = "WAIVED";
	strcpy(labelled(&matrix, "q35")->reason, "no \"q35\" here");
	return matrix;
}

static char *printed(const struct matrix *matrix, const char *time,
		     void (*print)(const json_t *, FILE *))
{
	json_t *summary = pathlength_summary(matrix, time);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print(summary, out);
	fclose(out);
	json_decref(summary);
	return text;
}

static void expect(const struct matrix *matrix, void (*print)(const json_t *, FILE *),
		   const char *line)
{
	char *text = printed(matrix, "then", print);

	if (!strstr(text, line))
		fail_msg("no line \"%s\" in\n%s", line, text);
	free(text);
}

static void differences_to_the_base(void **state)
{
	struct matrix matrix = example();

	(void)state;
	expect(&matrix, pathlength_markdown, "| user.cpuid | 3000 | WAIVED | +100 | -100 |\n");
	expect(&matrix, pathlength_markdown, "| *debugcon* | null |  | file | socket |\n");
	expect(&matrix, pathlength_markdown, "- q35: WAIVED: no \"q35\" here\n");
	expect(&matrix, pathlength_markdown, "- WAIVED: no such port (user.outb)\n");
	expect(&matrix, pathlength_csv,
	       "\"user.cpuid\",\"socket\",\"6.12.117+deb12\",\"default\",\"microvm\",\"socket\","
	       "\"none\",\"insns\",\"PROVED\",\"\",2900,-100\n");
	expect(&matrix, pathlength_csv, ",\"WAIVED\",\"no \"\"q35\"\" here\",,\n");
	matrix_free(&matrix);
}

static void a_row_that_only_another_cell_has(void **state)
{
	struct matrix matrix = example();
	json_t *summary = labelled(&matrix, "file")->summary;

	(void)state;
	set(summary, 1, "p50", 700);
	set(summary, 1, "p25", 700);
	set(summary, 1, "p75", 701);
	expect(&matrix, pathlength_markdown, "| user.outb | WAIVED | WAIVED | 700? | WAIVED |\n");
	expect(&matrix, pathlength_markdown, "- WAIVED: no such port (user.outb)\n");
	set(summary, 1, "p75", 708);
	expect(&matrix, pathlength_markdown, "| user.outb | WAIVED | WAIVED | varies | WAIVED |\n");
	matrix_free(&matrix);
}

static void a_row_that_waits_has_no_p50(void **state)
{
	static const char *const cells[] = {"base", "file", "socket"};
	struct matrix matrix = example();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		json_object_set_new(
			json_array_get(
				json_object_get(labelled(&matrix, cells[i])->summary, "rows"), 0),
			"id", json_string("kernel.tsc_deadline_spin"));
	expect(&matrix, pathlength_markdown,
	       "| kernel.tsc_deadline_spin | varies | WAIVED | varies | varies |\n");
	matrix_free(&matrix);
}

static void what_is_wrong_is_the_status(void **state)
{
	struct matrix matrix = example();
	json_t *summary;

	(void)state;
	summary = pathlength_summary(&matrix, "then");
	assert_string_equal(json_text(summary, "status"), "ok");
	json_decref(summary);
	json_decref(labelled(&matrix, "file")->summary);
	fill(labelled(&matrix, "file"), 9, "INVALID");
	summary = pathlength_summary(&matrix, "then");
	assert_string_equal(json_text(summary, "status"), "invalid");
	json_decref(summary);
	expect(&matrix, pathlength_table, "INVALID: some | reason (user.cpuid in file)\n");
	expect(&matrix, pathlength_markdown, "| user.cpuid | 3000 | WAIVED | INVALID | -100 |\n");
	labelled(&matrix, "q35")->verdict = "FAILED";
	summary = pathlength_summary(&matrix, "then");
	assert_string_equal(json_text(summary, "status"), "failed");
	json_decref(summary);
	matrix_free(&matrix);
}

/* Equal runs give equal bytes: nothing of them may tell when it was. */
static void no_time_in_the_table(void **state)
{
	void (*const print[])(const json_t *, FILE *) = {pathlength_table, pathlength_markdown,
							 pathlength_csv};
	struct matrix matrix = example();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(print); i++) {
		char *one = printed(&matrix, "2026-11-21T06:26:00Z", print[i]);
		char *other = printed(&matrix, "2027-01-01T00:00:00Z", print[i]);

		assert_string_equal(one, other);
		free(one);
		free(other);
	}
	matrix_free(&matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_change_at_a_time_and_kernels_by_mitigations),
		cmocka_unit_test(all_combinations_when_asked_for),
		cmocka_unit_test(only_the_factors_named),
		cmocka_unit_test(wrong_words_are_told),
		cmocka_unit_test(differences_to_the_base),
		cmocka_unit_test(a_row_that_only_another_cell_has),
		cmocka_unit_test(a_row_that_waits_has_no_p50),
		cmocka_unit_test(what_is_wrong_is_the_status),
		cmocka_unit_test(no_time_in_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
