// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The QEMU tax: what floor.json adds to a summary, and what it may not. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../json_file.h"
#include "../report.h"
#include "tree.h"

#define GOLDEN "host/t/golden/1-svm"

static json_t *row_of(const json_t *summary, const char *id)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(summary, "rows"), i, row) {
		if (!strcmp(json_text(row, "id"), id))
			return row;
	}
	return NULL;
}

/* A floor run of the same host, each row of which took 100 ticks less. */
static json_t *make_floor(const json_t *summary)
{
	json_t *floor = json_deep_copy(summary), *row;
	size_t i;

	json_object_set_new(floor, "kind", json_string("floor"));
	json_array_foreach (json_object_get(floor, "rows"), i, row) {
		json_int_t p50 = json_integer_value(json_object_get(row, "p50"));

		if (json_object_get(row, "p50"))
			json_object_set_new(row, "p50", json_integer(p50 - 100));
	}
	return floor;
}

/* What a form of the report prints; the caller frees it. */
static char *printed(void (*form)(const json_t *, FILE *), const json_t *summary)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	form(summary, out);
	fclose(out);
	return text;
}

static void assert_prints(void (*form)(const json_t *, FILE *), const json_t *summary,
			  const char *wanted)
{
	char *text = printed(form, summary);

	if (!strstr(text, wanted))
		fail_msg("no \"%s\" in:\n%s", wanted, text);
	free(text);
}

static void no_floor(void **state)
{
	json_t *summary = report_of(GOLDEN), *before = json_deep_copy(summary);
	char *text;

	(void)state;
	tax_add(summary, NULL);
	assert_true(json_equal(summary, before));
	assert_false(tax_known(summary));
	text = printed(report_table, summary);
	assert_null(strstr(text, "tax"));
	free(text);
	json_decref(summary);
	json_decref(before);
}

static void taxes(void **state)
{
	json_t *summary = report_of(GOLDEN), *floor = make_floor(summary);
	json_int_t p50 = json_integer_value(json_object_get(row_of(summary, "user.cpuid"), "p50"));
	char line[128];

	(void)state;
	json_object_set_new(row_of(floor, "kernel.rdmsr"), "verdict", json_string("INVALID"));
	json_object_del(row_of(floor, "user.outb"), "p50"); /* WAIVED */
	tax_add(summary, floor);
	assert_true(tax_known(summary));
	assert_int_equal(
		json_integer_value(json_object_get(row_of(summary, "user.cpuid"), "qemu_tax")),
		100);
	assert_null(json_object_get(row_of(summary, "kernel.rdmsr"), "qemu_tax"));
	assert_null(json_object_get(row_of(summary, "user.outb"), "qemu_tax"));
	assert_prints(report_table, summary, "-floor       tax  verdict\n");
	assert_prints(report_table, summary, "       100  PROVED\n");
	assert_prints(report_csv, summary, ",p50_without_qemu,qemu_tax\n");
	snprintf(line, sizeof(line), ",%lld,100\n", (long long)p50 - 100);
	assert_prints(report_csv, summary, line);
	snprintf(line, sizeof(line), "\n| user.cpuid | %lld | %lld | 100 |\n", (long long)p50,
		 (long long)p50 - 100);
	assert_prints(report_markdown, summary, line);
	json_decref(summary);
	json_decref(floor);
}

/* None of these may give a row a tax; each gives the reason. */
static void unfit(void **state)
{
	static const struct {
		const char *object, *key, *value, *reason;
	} cases[] = {
		{NULL, "host", "another", "another host or clock"},
		{NULL, "clock", "device", "another host or clock"},
		{NULL, "emulated", "no", "another host or clock"},
		{"setup", "kernel", "2.4.0", "another CPU or host kernel"},
		{"setup", "cpu", "8086", "another CPU or host kernel"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *summary = report_of(GOLDEN), *floor = make_floor(summary);
		json_t *object = cases[i].object ? json_object_get(floor, cases[i].object) : floor;

		json_object_set_new(object, cases[i].key, json_string(cases[i].value));
		tax_add(summary, floor);
		assert_false(tax_known(summary));
		assert_null(json_object_get(row_of(summary, "user.cpuid"), "qemu_tax"));
		assert_prints(report_table, summary, "no QEMU tax: ");
		assert_prints(report_table, summary, cases[i].reason);
		assert_prints(report_markdown, summary, "## QEMU tax\n\nNone: ");
		json_decref(summary);
		json_decref(floor);
	}
}

static void unavailable(void **state)
{
	json_t *summary = report_of(GOLDEN);
	json_t *floor = json_pack("{s:s, s:s, s:s, s:s}", "schema", "exitlab-summary/1", "kind",
				  "floor", "status", "unavailable", "reason", "it\033rained");
	char why[100];

	(void)state;
	assert_int_equal(tax_check(floor, why, sizeof(why)), 0);
	tax_add(summary, floor);
	assert_prints(report_table, summary, "no QEMU tax: it rained\n");
	json_decref(summary);
	json_decref(floor);
}

static void assert_no_floor(const char *text)
{
	char why[100] = "";
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	assert_int_equal(tax_check(json, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "remove it"));
	json_decref(json);
}

static void no_such_thing(void **state)
{
	(void)state;
	assert_no_floor("[]");
	assert_no_floor("{}");
	assert_no_floor("{\"schema\": \"exitlab-summary/2\", \"kind\": \"floor\", \"rows\": []}");
	assert_no_floor("{\"schema\": \"exitlab-summary/1\", \"kind\": \"vmexit\", \"rows\": []}");
	assert_no_floor("{\"schema\": \"exitlab-summary/1\", \"kind\": \"floor\", \"rows\": {}}");
}

/* The run's directory with that floor.json beside its records. */
static int report_with(const char *floor)
{
	static const char *const inputs[] = {"run.rec", "proof.json", "env.json"};
	char from[PATH_MAX], to[PATH_MAX], golden[PATH_MAX - 32];

	assert_non_null(realpath(GOLDEN, golden));
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		snprintf(from, sizeof(from), "%s/%s", golden, inputs[i]);
		snprintf(to, sizeof(to), "%s/%s", root, inputs[i]);
		symlink(from, to); /* may be there */
	}
	put("/floor.json", floor);
	return report_make(root);
}

static void in_a_run(void **state)
{
	json_t *summary = report_of(GOLDEN), *floor = make_floor(summary), *made;
	char *text = json_dumps(floor, 0);

	(void)state;
	assert_int_equal(report_with("{"), -1);
	assert_int_equal(report_with("{}"), -1);
	assert_int_equal(report_with(text), 0);
	assert_int_equal(json_file_read(root, "summary.json", &made), 0);
	assert_int_equal(
		json_integer_value(json_object_get(row_of(made, "kernel.cpuid"), "qemu_tax")), 100);
	free(text);
	json_decref(made);
	json_decref(floor);
	json_decref(summary);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_floor),
		cmocka_unit_test(taxes),
		cmocka_unit_test(unfit),
		cmocka_unit_test(unavailable),
		cmocka_unit_test(no_such_thing),
		cmocka_unit_test_setup_teardown(in_a_run, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
