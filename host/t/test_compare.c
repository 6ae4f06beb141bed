// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is compared, what is refused, and that a damaged summary is never more than a refusal: bytes
 * and values of a golden one are changed at random, from a fixed seed, under the sanitizers.
 */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../compare.h"
#include "../json_file.h"
#include "../util.h"

#define GOLDEN	  "host/t/golden/2-vmx" /* user.cpuid and kernel.rdmsr are INVALID */
#define MUTATIONS 400

static char file[] = "/tmp/test_compare.XXXXXX"; /* of a summary */
static int err_file;				 /* stderr, for as long as err_begin() has it */
static int err_saved;

static int make_file(void **state)
{
	FILE *unlinked = tmpfile();
	int fd = mkstemp(file);

	(void)state;
	err_file = unlinked ? fileno(unlinked) : -1;
	return fd < 0 || err_file < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(file);
}

static void err_begin(void)
{
	fflush(stderr);
	err_saved = dup(STDERR_FILENO);
	assert_int_equal(ftruncate(err_file, 0), 0);
	lseek(err_file, 0, SEEK_SET);
	dup2(err_file, STDERR_FILENO);
}

/* What was written to stderr in the meantime. */
static void err_end(char *text, size_t size)
{
	ssize_t length;

	fflush(stderr);
	dup2(err_saved, STDERR_FILENO);
	close(err_saved);
	length = pread(err_file, text, size - 1, 0);
	assert_true(length >= 0);
	text[length] = '\0';
}

static uint32_t random32(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 32;
}

static void put(const char *text, size_t size)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
}

static void put_json(const json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(1));

	assert_non_null(text);
	put(text, strlen(text));
	free(text);
}

static json_t *golden(void)
{
	json_t *json;

	assert_int_equal(json_file_read(GOLDEN, "summary.json", &json), 0);
	assert_non_null(json);
	return json;
}

static json_t *row(json_t *summary, const char *id)
{
	json_t *found = (json_t *)summary_row(summary, id);

	assert_non_null(found);
	return found;
}

/* Everything that a comparison of the golden run with the file prints, in all its forms. */
static bool compare_all(bool common)
{
	void (*const prints[])(const json_t *, FILE *) = {compare_table, compare_markdown,
							  json_file_print};
	struct side sides[2] = {0};
	bool done = false;

	if (!side_read(&sides[0], GOLDEN) && !side_read(&sides[1], file) &&
	    !sides_check(sides, 2, common)) {
		json_t *comparison = compare_sides(sides, 2, 0.01);
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(comparison);
		assert_non_null(out);
		for (size_t i = 0; i < ARRAY_SIZE(prints); i++)
			prints[i](comparison, out);
		compare_plot_script(comparison, sides, 2, out);
		fclose(out);
		for (size_t i = 0; i < size; i++)
			assert_true((unsigned char)text[i] >= ' ' || text[i] == '\n');
		free(text);
		json_decref(comparison);
		done = true;
	}
	side_free(&sides[0]);
	side_free(&sides[1]);
	return done;
}

/* Either it is compared or there is one line. Whether it is. */
static bool survives(bool common)
{
	char text[8192];
	bool done;

	err_begin();
	done = compare_all(common);
	err_end(text, sizeof(text));
	if (done)
		assert_string_equal(text, "");
	else
		assert_true(!strncmp(text, "exitlab: ", 9) &&
			    strchr(text, '\n') == text + strlen(text) - 1);
	return done;
}

static void changed_bytes(void **state)
{
	json_t *summary = golden();
	char *text = json_dumps(summary, JSON_COMPACT);
	size_t size = strlen(text);
	int compared = 0;

	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		char *copy = strdup(text);

		assert_non_null(copy);
		for (uint32_t changes = 1 + random32() % 3; changes; changes--)
			copy[random32() % size] =
				random32() % 4 ? '0' + random32() % 10 : random32();
		put(copy, random32() % 8 ? size : random32() % size);
		compared += survives(random32() % 2);
		free(copy);
	}
	print_message("# %d of %d could be compared\n", compared, MUTATIONS);
	assert_in_range(compared, 1, MUTATIONS - 1);
	free(text);
	json_decref(summary);
}

/* The count of values below one, itself included. */
static size_t count_values(json_t *json)
{
	json_t *value;
	const char *key;
	size_t count = 1, i;

	json_array_foreach (json, i, value) {
		count += count_values(value);
	}
	json_object_foreach (json, key, value) {
		count += count_values(value);
	}
	return count;
}

static json_t *odd_value(void)
{
	switch (random32() % 12) {
	case 0:
		return json_null();
	case 1:
		return json_integer(-1);
	case 2:
		return json_integer(0);
	case 3:
		return json_integer(INT64_MAX);
	case 4:
		return json_integer(INT64_MIN);
	case 5:
		return json_real(1e308);
	case 6:
		return json_real(-1e-308);
	case 7:
		return json_string("\x1b[31mred\n");
	case 8:
		return json_string("");
	case 9:
		return json_array();
	case 10:
		return json_pack("{s:[[i,i]]}", "x", 1, 2);
	default:
		return json_false();
	}
}

/* Puts an odd value in the place of the one numbered *left, which counts down. */
static void replace(json_t *json, size_t *left)
{
	json_t *value;
	const char *key;
	size_t i;

	json_array_foreach (json, i, value) {
		if ((*left)-- == 0) {
			json_array_set_new(json, i, odd_value());
			return;
		}
		replace(value, left);
		if (*left > SIZE_MAX / 2)
			return;
	}
	json_object_foreach (json, key, value) {
		if ((*left)-- == 0) {
			if (random32() % 4)
				json_object_set_new(json, key, odd_value());
			else
				json_object_del(json, key);
			return;
		}
		replace(value, left);
		if (*left > SIZE_MAX / 2)
			return;
	}
}

static void changed_values(void **state)
{
	json_t *summary = golden(), *histogram;
	size_t i;
	json_t *each;
	int compared = 0;

	(void)state;
	/* One is enough: else nearly all that changes is a bin. */
	json_array_foreach (json_object_get(summary, "rows"), i, each) {
		histogram = json_object_get(each, "histogram");
		if (histogram && i)
			json_object_del(each, "histogram");
	}
	for (int n = 0; n < MUTATIONS; n++) {
		json_t *copy = json_deep_copy(summary);
		size_t left = random32() % (count_values(copy) - 1);

		replace(copy, &left);
		put_json(copy);
		compared += survives(random32() % 2);
		json_decref(copy);
	}
	print_message("# %d of %d could be compared\n", compared, MUTATIONS);
	assert_in_range(compared, 1, MUTATIONS - 1);
	json_decref(summary);
}

/* The golden run with one change to it, against itself; stderr must hold the text; "": compared. */
static void expect(json_t *changed, const char *message)
{
	char text[4096];
	bool done;

	put_json(changed);
	json_decref(changed);
	err_begin();
	done = compare_all(false);
	err_end(text, sizeof(text));
	assert_int_equal(done, !*message);
	if (!strstr(text, message))
		fail_msg("\"%s\" does not say \"%s\"", text, message);
}

static json_t *with_member(const char *key, json_t *value)
{
	json_t *summary = golden();

	json_object_set_new(summary, key, value);
	return summary;
}

static json_t *with_row_member(const char *id, const char *key, json_t *value)
{
	json_t *summary = golden();

	json_object_set_new(row(summary, id), key, value);
	return summary;
}

static void what_differs_is_refused(void **state)
{
	json_t *summary = golden();

	(void)state;
	expect(golden(), "");
	expect(with_member("clock", json_string("insn")),
	       "the clocks differ: tsc in " GOLDEN ", insn");
	expect(with_member("kind", json_string("gpu")), "the kinds differ: vmexit in");
	expect(with_member("emulated", json_true()), "emulated of the hosts differ: no in");
	expect(with_row_member("user.outb", "unit", json_string("insns")),
	       "user.outb: unit differ: cycles in");
	expect(with_row_member("user.outb", "better", json_string("higher")),
	       "user.outb: better differ: lower in");
	json_object_set_new(json_object_get(summary, "setup"), "tsc_khz", json_integer(2000000));
	expect(summary, "the cycles differ: 1000000 kHz in");
	summary = golden();
	json_object_set_new(json_object_get(summary, "setup"), "tsc_khz", json_integer(1001001));
	expect(summary, "the cycles differ: 1000000 kHz in");
	summary = golden();
	json_object_set_new(json_object_get(summary, "setup"), "tsc_khz", json_integer(1001000));
	expect(summary, "");
	summary = golden();
	json_array_remove(json_object_get(summary, "rows"), 0);
	expect(summary, "only in " GOLDEN ": user.empty; --common");
	summary = golden();
	json_object_set_new(json_object_get(summary, "setup"), "kernel", json_string("6.1"));
	expect(summary, "");
}

static void what_is_damaged_is_refused(void **state)
{
	static const char *const schemas[] = {"exitlab-summary/2", "exitlab-proof/1", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++)
		expect(with_member("schema", json_string(schemas[i])), "not the summary of a run");
	expect(with_member("rows", json_array()), "it has no rows");
	expect(with_member("rows", json_object()), "rows are missing");
	expect(with_row_member("user.outb", "id", json_string("user.cpuid")), "it is there twice");
	expect(with_row_member("user.outb", "p50", json_integer(-5)), "not ascending");
	expect(with_row_member("user.outb", "p50", json_integer(INT64_MAX)), "not ascending");
	expect(with_row_member("user.outb", "p50", json_string("9")), "is not a number");
	expect(with_row_member("user.outb", "n", json_integer(0)), "n is not a number");
	expect(with_row_member("user.outb", "n", json_integer(41)), "do not add up");
	expect(with_row_member("user.outb", "p50_ci95", json_pack("[i, i]", 1, 2)),
	       "does not hold p50");
	expect(with_row_member("user.outb", "p50_ci95", json_pack("[i]", 1)), "two numbers");
	expect(with_row_member("user.outb", "histogram", json_pack("[[i, i]]", -1, 40)),
	       "not ascending");
	expect(with_row_member("user.outb", "histogram", json_pack("[[i, i]]", 5, 39)),
	       "do not add up");
}

/* The row of the golden run compared with the file, after one change of it. A new reference. */
static json_t *compare_with(json_t *changed, const char *id)
{
	struct side sides[2];
	json_t *comparison, *found = NULL, *each;
	size_t i;

	put_json(changed);
	json_decref(changed);
	assert_int_equal(side_read(&sides[0], GOLDEN), 0);
	assert_int_equal(side_read(&sides[1], file), 0);
	assert_int_equal(sides_check(sides, 2, false), 0);
	comparison = compare_sides(sides, 2, 0.01);
	json_array_foreach (
		json_object_get(json_array_get(json_object_get(comparison, "comparisons"), 0),
				"rows"),
		i, each) {
		if (!strcmp(json_text(each, "id"), id))
			found = json_incref(each);
	}
	assert_non_null(found);
	json_decref(comparison);
	side_free(&sides[0]);
	side_free(&sides[1]);
	return found;
}

static void check_row(json_t *changed, const char *id, const char *verdict, const char *reason)
{
	json_t *found = compare_with(changed, id);

	assert_string_equal(json_text(found, "verdict"), verdict);
	if (!strstr(json_text(found, "reason"), reason))
		fail_msg("\"%s\" does not say \"%s\"", json_text(found, "reason"), reason);
	assert_int_equal(json_is_number(json_object_get(found, "ratio")),
			 strcmp(verdict, "NOT COMPARED") != 0);
	json_decref(found);
}

/* The statistics of a row: n samples of one value. */
static json_t *with_value(const char *id, json_int_t n, json_t *value)
{
	json_t *summary = golden(), *changed = row(summary, id);
	static const char *const keys[] = {"min", "p1",	 "p25",	  "p50",    "p75", "p90",
					   "p95", "p99", "p99.9", "p99.99", "max"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		json_object_set(changed, keys[i], value);
	json_object_set_new(changed, "n", json_integer(n));
	json_object_set_new(changed, "p50_ci95", json_pack("[O, O]", value, value));
	json_object_del(changed, "histogram");
	json_decref(value);
	return summary;
}

/* user.hypercall has a median of 1210 and 40 samples from 1183 to 1281. */
static void verdicts(void **state)
{
	static const char *const id = "user.hypercall";
	json_t *summary;

	(void)state;
	check_row(with_value(id, 40, json_integer(2000)), id, "SLOWER", "");
	check_row(with_value(id, 40, json_integer(600)), id, "FASTER", "");
	check_row(golden(), id, "UNSURE", "");
	check_row(with_value(id, 5, json_integer(2000)), id, "UNSURE", "");
	check_row(with_value(id, 40, json_real(1999.5)), id, "SLOWER", "");
	check_row(with_value(id, 40, json_integer(0)), id, "NOT COMPARED", "not above 0");
	check_row(with_value(id, 40, json_integer(-7)), id, "NOT COMPARED", "not above 0");
	check_row(golden(), "user.cpuid", "NOT COMPARED", "INVALID: unexpected HLT exits: 3");
	check_row(golden(), "user.outb_kvm", "NOT COMPARED", "WAIVED: no interrupt controller");
	check_row(with_row_member(id, "verdict", json_string("INVALID")), id, "NOT COMPARED",
		  "INVALID");
	summary = with_value(id, 40, json_integer(2000));
	json_object_set_new(row(summary, id), "verdict", json_string("UNPROVEN"));
	check_row(summary, id, "SLOWER", "UNPROVEN in the other");
}

static void no_ratio_is_infinite(void **state)
{
	json_t *found = compare_with(with_value("user.outb", 3, json_real(1e308)), "user.outb");

	(void)state;
	assert_string_equal(json_text(found, "verdict"), "UNSURE");
	assert_true(json_is_null(json_object_get(found, "ratio_ci95")));
	json_decref(found);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_is_refused),
		cmocka_unit_test(what_is_damaged_is_refused),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(no_ratio_is_infinite),
		cmocka_unit_test(changed_bytes),
		cmocka_unit_test(changed_values),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
