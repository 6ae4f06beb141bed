// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The profile of a trace that is made up, and the names of addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../explain.h"
#include "../json_file.h"
#include "../lab/trace.h"
#include "../util.h"

#define RUN	0xffffffffc0001000 /* svm_vcpu_run [kvm_amd] */
#define HANDLER 0xffffffffc0000100 /* handle [kvm] */
#define SYSCALL 0xffffffff81000200 /* do_syscall */
#define RING3	0x401000
#define PROGRAM 0x555555554100 /* in a file without symbols */

static char directory[] = "/tmp/test_explain.XXXXXX";
static struct trace *trace;
static struct symbols *symbols;

static void write_file(const char *name, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void remove_file(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
}

static int set_up(void **state)
{
	(void)state;
	trace = calloc(1, sizeof(*trace));
	if (!trace || !mkdtemp(directory))
		return -1;
	write_file("run.kallsyms", "ffffffff81000200 T do_syscall\n"
				   "ffffffff81000000 D some_data\n"
				   "ffffffff81000300 t other\n"
				   "ffffffffc0000100 t handle\t[kvm]\n"
				   "ffffffffc0001000 t svm_vcpu_run\t[kvm_amd]\n"
				   "ffffffffc0001000 t alias\t[kvm_amd]\n");
	write_file("run.maps",
		   "555555554000-555555556000 r-xp 00000000 00:1b 12   /nonexistent/qemu\n"
		   "7ffff7fc0000-7ffff7fc2000 rw-p 00000000 00:00 0\n"
		   "7ffff7fc4000-7ffff7fc6000 r-xp 00000000 00:00 0    [vdso]\n");
	symbols = symbols_load(directory, "run");
	return symbols ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	symbols_free(symbols);
	remove_file("run.kallsyms");
	remove_file("run.maps");
	rmdir(directory);
	free(trace);
	return 0;
}

static void expect_name(uint64_t address, const char *function, const char *object)
{
	const char *found, *of;

	symbols_find(symbols, address, &found, &of);
	assert_string_equal(found, function);
	assert_string_equal(of, object);
}

static void addresses_have_names(void **state)
{
	(void)state;
	expect_name(SYSCALL, "do_syscall", "kernel");
	expect_name(SYSCALL + 0xff, "do_syscall", "kernel");
	expect_name(0xffffffff81000300, "other", "kernel");
	expect_name(0xffffffff810001ff, "?", "kernel");
	expect_name(RUN + 5, "svm_vcpu_run", "kvm_amd");
	expect_name(HANDLER, "handle", "kvm");
	expect_name(PROGRAM, "?", "qemu");
	expect_name(0x7ffff7fc4000, "?", "[vdso]");
	expect_name(0x7ffff7fc0000, "?", "?");
}

static void add_way(uint32_t samples, const uint64_t *instructions, size_t count)
{
	trace->path[trace->paths++] =
		(struct trace_path){.length = count, .samples = samples, .first = trace->used};
	trace->samples += samples;
	memcpy(trace->instruction + trace->used, instructions, count * sizeof(*instructions));
	trace->used += count;
}

static void make_trace(void)
{
	const uint64_t seldom[] = {trace_pack(RING3, TRACE_GUEST), trace_pack(RUN, TRACE_HOST),
				   trace_pack(RUN, TRACE_HOST),	   trace_pack(RUN, TRACE_HOST),
				   trace_pack(RUN, TRACE_HOST),	   trace_pack(RUN, TRACE_HOST)};
	const uint64_t often[] = {trace_pack(RING3, TRACE_GUEST),  trace_pack(RUN, TRACE_HOST),
				  trace_pack(HANDLER, TRACE_HOST), trace_pack(SYSCALL, TRACE_HOST),
				  trace_pack(PROGRAM, TRACE_HOST), trace_pack(RUN + 4, TRACE_HOST)};
	const uint64_t ring0[] = {
		trace_pack(SYSCALL, TRACE_GUEST), trace_pack(RUN, TRACE_HOST),
		trace_pack(RUN, TRACE_HOST),	  trace_pack(RUN, TRACE_HOST),
		trace_pack(RUN, TRACE_HOST),	  trace_pack(SYSCALL, TRACE_GUEST)};

	trace->paths = trace->samples = trace->used = 0;
	add_way(3, seldom, ARRAY_SIZE(seldom));
	add_way(90, often, ARRAY_SIZE(often));
	add_way(100, ring0, ARRAY_SIZE(ring0));
	add_way(500, often, 3);
}

static json_t *profile(const char *row, int p50, char *why, size_t size)
{
	json_t *boot = json_pack("{s:s, s:[{s:s, s:i, s:s, s:s}]}", "clock", "insn", "rows", "id",
				 row, "p50", p50, "verdict", "UNPROVEN", "reason", "");
	const struct names names = {symbols, NULL};
	json_t *summary;

	make_trace();
	why[0] = '\0';
	summary = explain_summary(boot, row, trace, &names, "then", why, size);
	json_decref(boot);
	return summary;
}

static json_int_t insns_of(const json_t *array, const char *key, const char *value)
{
	const json_t *row;
	size_t i;

	json_array_foreach (array, i, row) {
		if (!strcmp(json_text(row, key), value))
			return json_integer_value(json_object_get(row, "p50"));
	}
	return -1;
}

static void the_way_most_samples_took(void **state)
{
	char why[200];
	json_t *summary = profile("user.cpuid", 5, why, sizeof(why));
	const json_t *rows = json_object_get(summary, "rows");
	const json_t *parts = json_object_get(summary, "parts"), *row;
	json_int_t sum = 0;
	size_t i;

	(void)state;
	assert_non_null(summary);
	json_array_foreach (rows, i, row)
		sum += json_integer_value(json_object_get(row, "p50"));
	assert_int_equal(sum, 5);
	assert_int_equal(json_integer_value(json_object_get(summary, "same")), 90);
	assert_string_equal(json_text(json_array_get(rows, 0), "id"), "kvm_amd: svm_vcpu_run");
	assert_int_equal(insns_of(rows, "function", "svm_vcpu_run"), 2);
	assert_int_equal(insns_of(rows, "function", "handle"), 1);
	assert_int_equal(insns_of(rows, "object", "qemu"), 1);
	assert_int_equal(insns_of(parts, "part", "KVM"), 3);
	assert_int_equal(insns_of(parts, "part", "host kernel"), 1);
	assert_int_equal(insns_of(parts, "part", "QEMU"), 1);
	assert_int_equal(insns_of(parts, "part", "guest program"), 0);
	assert_int_equal(insns_of(parts, "part", "guest kernel"), 0);
	json_decref(summary);
}

static void kernel_rows_begin_in_ring_0(void **state)
{
	char why[200];
	json_t *summary = profile("kernel.cpuid", 5, why, sizeof(why));

	(void)state;
	assert_non_null(summary);
	assert_int_equal(json_integer_value(json_object_get(summary, "same")), 100);
	assert_int_equal(insns_of(json_object_get(summary, "parts"), "part", "guest kernel"), 1);
	json_decref(summary);
}

static void the_clock_and_the_trace_must_agree(void **state)
{
	char why[200];

	(void)state;
	assert_null(profile("user.cpuid", 7, why, sizeof(why)));
	assert_non_null(strstr(why, "of 693 samples none has 7 instructions"));
}

static void the_way_itself(void **state)
{
	const struct names names = {symbols, NULL};
	char why[200], *text = NULL;
	json_t *summary = profile("user.cpuid", 5, why, sizeof(why));
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	explain_way(summary, trace, &names, out);
	fclose(out);
	assert_non_null(strstr(text, "     1  KVM            kvm                   handle\n"
				     "     1  host kernel    kernel                do_syscall\n"
				     "     1  QEMU           qemu                  ?\n"));
	free(text);
	json_decref(summary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_names),
		cmocka_unit_test(the_way_most_samples_took),
		cmocka_unit_test(kernel_rows_begin_in_ring_0),
		cmocka_unit_test(the_clock_and_the_trace_must_agree),
		cmocka_unit_test(the_way_itself),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
