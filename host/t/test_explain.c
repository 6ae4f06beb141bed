// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The profile of a trace that is made up, and the names of addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../explain.h"
#include "../explain_fold.h"
#include "../json_file.h"
#include "../lab/trace.h"
#include "../util.h"

#define RUN	0xffffffffc0001000 /* svm_vcpu_run [kvm_amd] */
#define HANDLER 0xffffffffc0000100 /* handle [kvm] */
#define SYSCALL 0xffffffff81000200 /* do_syscall */
#define ENTRY	0xffffffff81e00010 /* entry_SYSCALL_64 */
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
				   "ffffffff81e00010 T __entry_text_start\n"
				   "ffffffff81e00010 T entry_SYSCALL_64\n"
				   "ffffffff81e00400 T __entry_text_end\n"
				   "ffffffff81e00400 T behind_entry\n"
				   "ffffffff81f00000 t exit_to_user_mode_prepare.constprop.0\n"
				   "ffffffff81f00100 t exit_to_user_mode_prepared\n"
				   "ffffffffc0200000 t kvmgt_init\t[kvmgt]\n"
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
	struct symbol_name name = symbols_find(symbols, address);

	assert_string_equal(name.function, function);
	assert_string_equal(name.object, object);
	assert_true(name.start <= address && (name.start || !strcmp(function, "?")));
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

static void expect_layer(uint64_t address, enum trace_level level, enum layer layer, enum ring ring)
{
	const struct names names = {symbols, NULL};
	struct place place = place_of(&names, trace_pack(address, level));

	assert_int_equal(place.layer, layer);
	assert_int_equal(place.ring, ring);
}

static void instructions_have_layers(void **state)
{
	(void)state;
	expect_layer(RING3, TRACE_GUEST, LAYER_GUEST, RING_GUEST_USER);
	expect_layer(ENTRY, TRACE_GUEST, LAYER_GUEST, RING_GUEST_KERNEL);
	expect_layer(PROGRAM, TRACE_HOST, LAYER_QEMU, RING_USER);
	expect_layer(0x7ffff7fc4000, TRACE_HOST, LAYER_QEMU, RING_USER);
	expect_layer(RUN, TRACE_HOST, LAYER_KVM, RING_KERNEL);
	expect_layer(HANDLER, TRACE_HOST, LAYER_KVM, RING_KERNEL);
	expect_layer(0xffffffffc0200000, TRACE_HOST, LAYER_KERNEL, RING_KERNEL);
	expect_layer(SYSCALL, TRACE_HOST, LAYER_KERNEL, RING_KERNEL);
}

/* The guest's kernel is named from its map, which kexit.ko, behind it, is not in. */
static void the_guest_has_names_too(void **state)
{
	const struct names names = {symbols, symbols};
	struct place place = place_of(&names, trace_pack(SYSCALL + 1, TRACE_GUEST));

	(void)state;
	assert_string_equal(place.object, "guest kernel");
	assert_string_equal(place.function, "do_syscall");
	assert_int_equal(place.start, SYSCALL);
	place = place_of(&names, trace_pack(0xffffffffa0001000, TRACE_GUEST));
	assert_string_equal(place.object, "kexit");
	assert_string_equal(place.function, "?");
}

static void entry_is_a_section_and_a_table(void **state)
{
	(void)state;
	expect_name(ENTRY, "entry_SYSCALL_64", "kernel");
	expect_layer(ENTRY - 1, TRACE_HOST, LAYER_KERNEL, RING_KERNEL);
	expect_layer(ENTRY, TRACE_HOST, LAYER_ENTRY, RING_KERNEL);
	expect_layer(0xffffffff81e003ff, TRACE_HOST, LAYER_ENTRY, RING_KERNEL);
	expect_layer(0xffffffff81e00400, TRACE_HOST, LAYER_KERNEL, RING_KERNEL);
	expect_layer(0xffffffff81f00000, TRACE_HOST, LAYER_ENTRY, RING_KERNEL);
	expect_layer(0xffffffff81f00100, TRACE_HOST, LAYER_KERNEL, RING_KERNEL);
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

struct profile {
	struct way *way;
	struct frame *stacks;
	json_t *summary;
	char why[300];
};

static void end_profile(struct profile *profile)
{
	json_decref(profile->summary);
	if (profile->stacks)
		fold_free(profile->stacks);
	way_free(profile->way);
}

/* False where there is none. */
static bool make_profile(struct profile *profile, const char *row, int p50, int floor)
{
	json_t *boot =
		json_pack("{s:s, s:[{s:s, s:i, s:i, s:s, s:s}]}", "clock", "insn", "rows", "id",
			  row, "p50", p50, "floor", floor, "verdict", "UNPROVEN", "reason", "");
	const struct names names = {symbols, NULL};

	make_trace();
	*profile = (struct profile){0};
	profile->way = explain_way(boot, row, trace, &names, profile->why, sizeof(profile->why));
	if (profile->way) {
		profile->stacks = fold(profile->way);
		profile->summary = explain_summary(boot, row, profile->way, "then");
	}
	json_decref(boot);
	return profile->way;
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
	struct profile profile;
	const json_t *rows, *layers, *row;
	json_int_t sum = 0;
	size_t i;

	(void)state;
	assert_true(make_profile(&profile, "user.cpuid", 5, 4));
	rows = json_object_get(profile.summary, "rows");
	layers = json_object_get(profile.summary, "layers");
	json_array_foreach (rows, i, row) {
		sum += json_integer_value(json_object_get(row, "p50"));
	}
	assert_int_equal(sum, 5);
	assert_int_equal(json_integer_value(json_object_get(profile.summary, "same")), 90);
	assert_int_equal(json_integer_value(json_object_get(profile.summary, "exit")), 1);
	assert_string_equal(json_text(json_array_get(rows, 0), "id"), "kvm_amd: svm_vcpu_run");
	assert_int_equal(insns_of(rows, "function", "svm_vcpu_run"), 2);
	assert_int_equal(insns_of(rows, "function", "handle"), 1);
	assert_int_equal(insns_of(rows, "object", "qemu"), 1);
	assert_int_equal(insns_of(layers, "layer", "kvm"), 3);
	assert_int_equal(insns_of(layers, "layer", "kernel"), 1);
	assert_int_equal(insns_of(layers, "layer", "entry"), 0);
	assert_int_equal(insns_of(layers, "layer", "qemu"), 1);
	assert_int_equal(insns_of(layers, "layer", "guest"), 0);
	assert_true(explain_adds_up(profile.summary, profile.stacks, profile.why, 300));
	end_profile(&profile);
}

static void an_exit_counts_where_the_clock_counts_it(void **state)
{
	struct profile profile;

	(void)state;
	trace->exits_count = 1;
	assert_false(make_profile(&profile, "user.cpuid", 5, 4));
	assert_true(make_profile(&profile, "user.cpuid", 6, 4));
	trace->exits_count = 0;
	assert_int_equal(insns_of(json_object_get(profile.summary, "layers"), "layer", "guest"), 1);
	assert_true(explain_adds_up(profile.summary, profile.stacks, profile.why, 300));
	end_profile(&profile);
}

static void kernel_rows_begin_in_ring_0(void **state)
{
	struct profile profile;

	(void)state;
	assert_true(make_profile(&profile, "kernel.cpuid", 5, 4));
	assert_int_equal(json_integer_value(json_object_get(profile.summary, "same")), 100);
	assert_int_equal(insns_of(json_object_get(profile.summary, "layers"), "layer", "guest"), 1);
	end_profile(&profile);
}

static void the_clock_and_the_trace_must_agree(void **state)
{
	struct profile profile;

	(void)state;
	assert_false(make_profile(&profile, "user.cpuid", 7, 4));
	assert_non_null(strstr(profile.why, "of 693 samples none has 7 instructions"));
}

static void all_of_it_must_add_up(void **state)
{
	struct profile profile;

	(void)state;
	assert_true(make_profile(&profile, "user.cpuid", 5, 5));
	assert_false(explain_adds_up(profile.summary, profile.stacks, profile.why, 300));
	assert_non_null(strstr(profile.why, "does not add up: p50 5, layers 5, functions 5, "
					    "stacks 5; empty bracket 5, which has 4"));
	end_profile(&profile);

	assert_true(make_profile(&profile, "user.cpuid", 5, 4));
	profile.stacks->total--;
	assert_false(explain_adds_up(profile.summary, profile.stacks, profile.why, 300));
	profile.stacks->total++;
	json_object_set_new(json_array_get(json_object_get(profile.summary, "rows"), 0), "p50",
			    json_integer(7));
	assert_false(explain_adds_up(profile.summary, profile.stacks, profile.why, 300));
	end_profile(&profile);
}

static void the_way_itself(void **state)
{
	struct profile profile;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_true(make_profile(&profile, "user.cpuid", 5, 4));
	way_print(profile.way, out);
	fclose(out);
	assert_non_null(strstr(text, "     1  kvm     kvm                   handle\n"
				     "     1  kernel  kernel                do_syscall\n"
				     "     1  qemu    qemu                  ?\n"));
	free(text);
	end_profile(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_names),
		cmocka_unit_test(instructions_have_layers),
		cmocka_unit_test(the_guest_has_names_too),
		cmocka_unit_test(entry_is_a_section_and_a_table),
		cmocka_unit_test(the_way_most_samples_took),
		cmocka_unit_test(an_exit_counts_where_the_clock_counts_it),
		cmocka_unit_test(kernel_rows_begin_in_ring_0),
		cmocka_unit_test(the_clock_and_the_trace_must_agree),
		cmocka_unit_test(all_of_it_must_add_up),
		cmocka_unit_test(the_way_itself),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
