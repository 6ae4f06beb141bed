// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The comparison of golden runs: what is pooled, whose it is, and that nothing INVALID is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../ab.h"
#include "../chart.h"
#include "../json_file.h"
#include "../record.h"
#include "../util.h"

#define SVM "host/t/golden/1-svm" /* no row is INVALID */
#define VMX "host/t/golden/2-vmx" /* user.cpuid and kernel.rdmsr are INVALID */
#define ROW "user.outb"		  /* it ran in both */

enum { PLAIN, ISOLATED, PLAIN_DISTURBED, ISOLATED_DISTURBED };

static struct ab_runs of(char **path, size_t count)
{
	return (struct ab_runs){.path = path, .count = count};
}

static const json_t *row_in(const json_t *summary, const char *id, int cell)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row)
		if (!strcmp(json_text(row, "row"), id) &&
		    !strcmp(json_text(row, "cell"), ab_cells[cell].name))
			return row;
	return NULL;
}

static json_int_t number(const json_t *row, const char *key)
{
	assert_true(json_is_integer(json_object_get(row, key)));
	return json_integer_value(json_object_get(row, key));
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The row's samples of the timed pass, after the n there are; how many there are then. */
static size_t add_samples(const char *run, uint32_t *samples, size_t n, uint64_t *saturated)
{
	char path[128], why[RECORD_WHY];
	struct record_file file;
	const struct record *row;

	snprintf(path, sizeof(path), "%s/run.rec", run);
	assert_int_equal(record_file_open(&file, path, why), 0);
	for (int i = 0; i < EXIT_ROWS; i++) {
		row = &file.rows[PASS_TIMED][i];
		if (strcmp(exit_rows[i].id, ROW))
			continue;
		memcpy(samples + n, row->payload, row->header.count * sizeof(*samples));
		n += row->header.count;
		*saturated += row->header.saturated;
	}
	record_file_close(&file);
	return n;
}

/* Nearest rank, straight from its definition. */
static void samples_of_all_runs_are_one_set(void **state)
{
	struct ab_runs runs[AB_CELLS] = {of((char *[]){SVM, VMX}, 2)};
	json_t *summary = ab_summary(runs, "then");
	const json_t *row = row_in(summary, ROW, PLAIN);
	struct distribution distribution;
	uint32_t samples[200];
	uint64_t saturated = 0;
	size_t n = add_samples(VMX, samples, add_samples(SVM, samples, 0, &saturated), &saturated);

	(void)state;
	qsort(samples, n, sizeof(*samples), ascending);
	assert_int_equal(n, 25 + 40);
	assert_int_equal(number(row, "n"), n);
	assert_int_equal(number(row, "saturated"), saturated);
	assert_int_equal(number(row, "min"), samples[0]);
	assert_int_equal(number(row, "p50"), samples[33 - 1]);
	assert_int_equal(number(row, "p90"), samples[59 - 1]);
	assert_int_equal(number(row, "p99"), samples[65 - 1]);
	assert_int_equal(number(row, "max"), samples[n - 1]);
	assert_true(distribution_read(row, &distribution));
	assert_int_equal(distribution.samples, n);
	distribution_free(&distribution);
	json_decref(summary);
}

static void cells_keep_what_is_theirs(void **state)
{
	char *svm[] = {SVM}, *vmx[] = {VMX};
	struct ab_runs runs[AB_CELLS] = {of(svm, 1), of(vmx, 1), of(vmx, 1), of(svm, 1)};
	json_t *summary = ab_summary(runs, "then");

	(void)state;
	assert_int_equal(json_array_size(json_object_get(summary, "cells")), AB_CELLS);
	for (int i = 0; i < AB_CELLS; i++) {
		const json_t *row = row_in(summary, ROW, i);
		bool isolated = i == ISOLATED || i == ISOLATED_DISTURBED;
		bool disturbed = i == PLAIN_DISTURBED || i == ISOLATED_DISTURBED;

		assert_int_equal(number(row, "n"), runs[i].path == svm ? 25 : 40);
		assert_int_equal(json_is_true(json_object_get(row, "isolated")), isolated);
		assert_int_equal(json_is_true(json_object_get(row, "disturbed")), disturbed);
	}
	json_decref(summary);
}

/* As with --disturb on: nothing was run in the first cell. */
static void one_cell_is_enough(void **state)
{
	struct ab_runs runs[AB_CELLS] = {[ISOLATED_DISTURBED] = of((char *[]){SVM}, 1)};
	json_t *summary = ab_summary(runs, "then");

	(void)state;
	assert_non_null(summary);
	assert_string_equal(json_text(summary, "host"), "golden");
	assert_string_equal(json_text(summary, "time"), "then");
	assert_string_equal(json_text(summary, "status"), "ok");
	assert_int_equal(json_array_size(json_object_get(summary, "cells")), 1);
	assert_non_null(row_in(summary, ROW, ISOLATED_DISTURBED));
	assert_null(row_in(summary, ROW, PLAIN));
	json_decref(summary);
}

static void one_invalid_round_is_invalid(void **state)
{
	struct ab_runs runs[AB_CELLS] = {of((char *[]){SVM}, 1), of((char *[]){SVM, VMX, SVM}, 3)};
	json_t *summary = ab_summary(runs, "then");
	char *table = NULL;
	size_t size;
	FILE *out = open_memstream(&table, &size);

	(void)state;
	assert_true(ab_invalid(summary));
	assert_string_equal(json_text(summary, "status"), "invalid");
	assert_string_equal(json_text(row_in(summary, "kernel.rdmsr", PLAIN), "verdict"), "PROVED");
	assert_string_equal(json_text(row_in(summary, "kernel.rdmsr", ISOLATED), "verdict"),
			    "INVALID");
	ab_table(summary, out);
	fclose(out);
	assert_non_null(strstr(table, "kernel.rdmsr, isolated: INVALID: "));
	free(table);
	json_decref(summary);
}

/* UNPROVEN, WAIVED or NO-EXIT of an earlier round must not hide it. */
static void invalid_goes_before_the_others(void **state)
{
	struct ab_runs runs[AB_CELLS] = {of((char *[]){"host/t/golden/2-tcg", VMX}, 2)};
	json_t *summary = ab_summary(runs, "then");

	(void)state;
	assert_string_equal(json_text(row_in(summary, "kernel.rdmsr", PLAIN), "verdict"),
			    "INVALID");
	assert_string_equal(json_text(row_in(summary, "kernel.cpuid", PLAIN), "verdict"),
			    "NO-EXIT");
	json_decref(summary);
}

static void a_run_without_summary_is_no_comparison(void **state)
{
	struct ab_runs runs[AB_CELLS] = {of((char *[]){"host/t"}, 1)};

	(void)state;
	assert_null(ab_summary(runs, "then"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_of_all_runs_are_one_set),
		cmocka_unit_test(cells_keep_what_is_theirs),
		cmocka_unit_test(one_cell_is_enough),
		cmocka_unit_test(one_invalid_round_is_invalid),
		cmocka_unit_test(invalid_goes_before_the_others),
		cmocka_unit_test(a_run_without_summary_is_no_comparison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
