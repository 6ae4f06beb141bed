// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where two profiles of a row differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../explain.h"
#include "../json_file.h"

/* flush_of instructions of vmx_l1d_flush, where there are any; thunks of a thunk; 10 of another. */
static json_t *make_profile(int flush, int thunks)
{
	json_t *rows = json_pack("[{s:s, s:s, s:s, s:s, s:i}, {s:s, s:s, s:s, s:s, s:i}]", "id",
				 "kvm: handler", "layer", "kvm", "object", "kvm", "function",
				 "handler", "p50", 10, "id", "kernel: thunk", "layer", "kernel",
				 "object", "kernel", "function", "thunk", "p50", thunks);

	if (flush)
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:s, s:s, s:i}", "id",
						"kvm_intel: flush", "layer", "kvm", "object",
						"kvm_intel", "function", "flush", "p50", flush));
	return json_pack("{s:s, s:i, s:i, s:i, s:[{s:s, s:i}, {s:s, s:i}], s:o}", "row",
			 "user.outb", "length", 10 + flush + thunks, "floor", 4, "exit",
			 6 + flush + thunks, "layers", "layer", "kvm", "p50", 10 + flush, "layer",
			 "kernel", "p50", thunks, "rows", rows);
}

static json_t *difference(json_t *base, json_t *here)
{
	json_t *profiles[] = {base, here};
	const char *const labels[] = {"base", "mitigations=off"};
	json_t *summary = explain_difference(profiles, labels, 2, "then");

	json_decref(base);
	json_decref(here);
	return summary;
}

static json_int_t of(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static void the_largest_comes_first(void **state)
{
	json_t *summary = difference(make_profile(4000, 7), make_profile(0, 9));
	const json_t *rows = json_object_get(summary, "rows"), *row = json_array_get(rows, 0);
	char why[200];

	(void)state;
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(json_text(row, "id"), "mitigations=off, kvm_intel: flush");
	assert_int_equal(of(row, "base"), 4000);
	assert_int_equal(of(row, "p50"), 0);
	assert_int_equal(of(row, "difference"), -4000);
	assert_int_equal(of(json_array_get(rows, 1), "difference"), 2);
	assert_int_equal(of(json_array_get(json_object_get(summary, "cells"), 1), "difference"),
			 -3998);
	assert_true(explain_difference_adds_up(summary, why, sizeof(why)));
	json_decref(summary);
}

static void what_the_base_has_not(void **state)
{
	json_t *summary = difference(make_profile(0, 7), make_profile(20, 7));
	const json_t *rows = json_object_get(summary, "rows"), *row = json_array_get(rows, 0);

	(void)state;
	assert_int_equal(json_array_size(rows), 1);
	assert_int_equal(of(row, "base"), 0);
	assert_int_equal(of(row, "p50"), 20);
	json_decref(summary);
}

static void it_must_add_up(void **state)
{
	json_t *base = make_profile(0, 7), *summary;
	char why[200];

	(void)state;
	json_object_set_new(base, "length", json_integer(18));
	summary = difference(base, make_profile(20, 7));
	assert_false(explain_difference_adds_up(summary, why, sizeof(why)));
	assert_non_null(strstr(why, "mitigations=off does not add up: p50 +19, layers +20, "
				    "functions +20"));
	json_decref(summary);
}

static void for_people(void **state)
{
	json_t *summary = difference(make_profile(4000, 7), make_profile(0, 9));
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	explain_difference_text(summary, out);
	fputs("\f", out);
	explain_difference_markdown(summary, out);
	fclose(out);
	assert_non_null(strstr(text, "   4017      19    -3998  p50\n"));
	assert_non_null(strstr(text, "   4000       0    -4000  kvm_intel           flush\n"));
	assert_non_null(strstr(text, "| 4000 | 0 | -4000 | kvm\\_intel | flush | KVM |\n"
				     "| 7 | 9 | +2 | kernel | thunk | kernel |\n"));
	assert_null(strstr(text, "handler"));
	free(text);
	json_decref(summary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_comes_first),
		cmocka_unit_test(what_the_base_has_not),
		cmocka_unit_test(it_must_add_up),
		cmocka_unit_test(for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
