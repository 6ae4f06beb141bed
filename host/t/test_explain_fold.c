// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Call stacks from addresses, of ways that are made up; and their picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../explain.h"
#include "../explain_fold.h"
#include "../util.h"

/* Functions, each 0x100 from the next. */
static const struct place handler = {LAYER_KVM, RING_KERNEL, "kvm", "handler", 0x1000};
static const struct place helper = {LAYER_KERNEL, RING_KERNEL, "kernel", "helper", 0x1100};
static const struct place tail = {LAYER_KERNEL, RING_KERNEL, "kernel", "tail", 0x1200};
static const struct place entry = {LAYER_ENTRY, RING_KERNEL, "kernel", "entry", 0x1300};
static const struct place label = {LAYER_ENTRY, RING_KERNEL, "kernel", "label", 0x1308};
static const struct place thunk = {LAYER_KERNEL, RING_KERNEL, "kernel", "srso_return_thunk",
				   0x1400};
static const struct place program = {LAYER_QEMU, RING_USER, "qemu", "main", 0x2000};
static const struct place unnamed = {LAYER_QEMU, RING_USER, "qemu", "?", 0};
static const struct place measure = {LAYER_GUEST, RING_GUEST_USER, "measure", "?", 0};
static const struct place evil = {LAYER_QEMU, RING_USER, "lib", "a;b<c>&\"", 0x3000};

struct step {
	const struct place *place;
	uint64_t address;
};

/* What fold_print() gives of the way, which adds up; the caller's. */
static char *folded(const struct step *steps, size_t count, struct frame **stacks, struct way *way)
{
	char *text = NULL, *line, *rest;
	unsigned long sum = 0;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	way->length = count;
	way->address = calloc(count, sizeof(*way->address));
	way->place = calloc(count, sizeof(*way->place));
	for (size_t i = 0; i < count; i++) {
		way->address[i] = steps[i].address;
		way->place[i] = *steps[i].place;
	}
	*stacks = fold(way);
	assert_int_equal((*stacks)->total, count);
	fold_print(*stacks, out);
	fclose(out);
	rest = line = strdup(text);
	for (char *at; (at = strsep(&rest, "\n"));)
		if (*at)
			sum += strtoul(strrchr(at, ' '), NULL, 10);
	free(line);
	assert_int_equal(sum, count);
	return text;
}

static void expect(const struct step *steps, size_t count, const char *wanted)
{
	struct way way = {0};
	struct frame *stacks;
	char *text = folded(steps, count, &stacks, &way);

	assert_string_equal(text, wanted);
	free(text);
	fold_free(stacks);
	free(way.address);
	free(way.place);
}

#define EXPECT(wanted, ...)                                                                        \
	do {                                                                                       \
		const struct step steps[] = {__VA_ARGS__};                                         \
		expect(steps, ARRAY_SIZE(steps), wanted);                                          \
	} while (0)

static void a_call_and_its_return(void **state)
{
	(void)state;
	EXPECT("kvm;handler 3\nkernel;handler;helper 2\n", {&handler, 0x1010}, {&handler, 0x1014},
	       {&helper, 0x1100}, {&helper, 0x1104}, {&handler, 0x1019});
}

/* tail() goes back to who called the one that jumped to it. */
static void a_tail_call(void **state)
{
	(void)state;
	EXPECT("kvm;handler 2\nkernel;handler;helper 2\nkernel;handler;helper;tail 2\n",
	       {&handler, 0x1010}, {&helper, 0x1100}, {&helper, 0x1104}, {&tail, 0x1200},
	       {&tail, 0x1204}, {&handler, 0x1015});
}

/* The inner one returns to the outer one, which is then on the stack alone. */
static void recursion(void **state)
{
	(void)state;
	EXPECT("kvm;handler 2\nkernel;handler;helper 3\nkernel;handler;helper;helper 1\n"
	       "kernel;handler;helper;tail 1\n",
	       {&handler, 0x1010}, {&helper, 0x1100}, {&helper, 0x1140}, {&helper, 0x1100},
	       {&helper, 0x1145}, {&tail, 0x1200}, {&handler, 0x1015});
}

static void a_string_instruction_repeats_itself(void **state)
{
	(void)state;
	EXPECT("kvm;handler 2\nkernel;handler;helper 3\n", {&handler, 0x1010}, {&helper, 0x1100},
	       {&helper, 0x1100}, {&helper, 0x1100}, {&handler, 0x1015});
}

/* It comes at any place, and goes back there. */
static void an_interrupt(void **state)
{
	(void)state;
	EXPECT("kvm;handler 2\nkernel;handler;helper 2\nentry;handler;helper;entry 2\n",
	       {&handler, 0x1010}, {&helper, 0x1100}, {&entry, 0x1300}, {&entry, 0x1320},
	       {&helper, 0x1104}, {&handler, 0x1015});
}

static void what_is_not_known_takes_the_top(void **state)
{
	(void)state;
	EXPECT("kernel;helper 1\nkvm;handler 1\n", {&handler, 0x1010}, {&helper, 0x1180});
}

static void a_label_is_no_call(void **state)
{
	(void)state;
	EXPECT("kvm;handler 2\nentry;handler;entry 1\nentry;handler;label 1\n", {&handler, 0x1010},
	       {&entry, 0x1300}, {&label, 0x1308}, {&handler, 0x1015});
}

static void a_thunk_is_never_on_a_stack(void **state)
{
	(void)state;
	EXPECT("kvm;handler 2\nkernel;handler;srso_return_thunk 1\nkernel;handler;helper 1\n",
	       {&handler, 0x1010}, {&thunk, 0x1400}, {&helper, 0x1100}, {&handler, 0x1015});
	EXPECT("kvm;handler 2\nkernel;handler;helper 1\nkernel;handler;helper;srso_return_thunk 2\n",
	       {&handler, 0x1010}, {&helper, 0x1100}, {&thunk, 0x1400}, {&thunk, 0x1404},
	       {&handler, 0x1015});
}

/* QEMU's stack stands still meanwhile; the kernel's begins with each entry. */
static void each_ring_has_its_stack(void **state)
{
	(void)state;
	EXPECT("guest;[measure] 2\nqemu;main 2\n"
	       "entry;entry 1\nkvm;entry;handler 2\n",
	       {&measure, 0x400000}, {&handler, 0x1010}, {&program, 0x2010}, {&program, 0x2014},
	       {&entry, 0x1300}, {&handler, 0x1000}, {&measure, 0x400004});
}

/* The sample begins in a function that, as its end shows, the other one had called. */
static void the_samples_are_a_loop(void **state)
{
	(void)state;
	EXPECT("kvm;handler 1\nkernel;handler;helper 2\n", {&helper, 0x1110}, {&handler, 0x1015},
	       {&helper, 0x1100});
	EXPECT("kvm;handler 1\nkernel;handler;helper 2\nkernel;handler;helper;tail 1\n",
	       {&helper, 0x1110}, {&tail, 0x1200}, {&handler, 0x1015}, {&helper, 0x1100});
}

static void unnamed_code_is_called_if_it_is_come_back_from(void **state)
{
	(void)state;
	EXPECT("qemu;main 2\nqemu;main;[qemu] 1\n", {&program, 0x2010}, {&unnamed, 0x9000},
	       {&program, 0x2015});
	EXPECT("qemu;[qemu] 1\nqemu;main 1\n", {&program, 0x2010}, {&unnamed, 0x9000});
}

static void the_picture(void **state)
{
	const struct step steps[] = {{&program, 0x2010}, {&evil, 0x3000}, {&evil, 0x3004}};
	json_t *summary = json_pack("{s:s, s:i, s:{}, s:[{s:s, s:i}]}", "row", "user.<b>", "length",
				    3, "setup", "layers", "layer", "guest", "p50", 0);
	struct way way = {0};
	struct frame *stacks;
	char *lines = folded(steps, ARRAY_SIZE(steps), &stacks, &way), *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	explain_flame(summary, stacks, out);
	fclose(out);
	assert_non_null(strstr(lines, "qemu;main;a:b<c>&\" 2\n"));
	assert_non_null(strstr(text, "<title>a;b&lt;c&gt;&amp;&quot; (lib, QEMU): 2 instructions, "
				     "66.7%, 2 of its own</title>"));
	assert_non_null(strstr(text, "<title>main (qemu, QEMU): 3 instructions, 100.0%, 1 of its "
				     "own</title>"));
	assert_non_null(strstr(text, "prefers-color-scheme: dark"));
	assert_null(strstr(text, "<b>"));
	assert_null(strstr(text, "<script"));
	free(text);
	free(lines);
	fold_free(stacks);
	free(way.address);
	free(way.place);
	json_decref(summary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_and_its_return),
		cmocka_unit_test(a_tail_call),
		cmocka_unit_test(recursion),
		cmocka_unit_test(a_string_instruction_repeats_itself),
		cmocka_unit_test(an_interrupt),
		cmocka_unit_test(what_is_not_known_takes_the_top),
		cmocka_unit_test(a_label_is_no_call),
		cmocka_unit_test(a_thunk_is_never_on_a_stack),
		cmocka_unit_test(each_ring_has_its_stack),
		cmocka_unit_test(the_samples_are_a_loop),
		cmocka_unit_test(unnamed_code_is_called_if_it_is_come_back_from),
		cmocka_unit_test(the_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
