// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What Bochs' debugger writes, read as a trace: host/t/bochs.txt is one CPUID under KVM as
 * Bochs 2.7 wrote it, without most of KVM's instructions and with the ticks behind them moved up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../explain.h"
#include "../lab/trace.h"

#define VM_EXIT 0xffffffffc0395c70

static char why[300];

static struct trace *read_text(const char *text, size_t length)
{
	FILE *file = fmemopen((void *)text, length, "r");
	struct trace *trace;

	assert_non_null(file);
	why[0] = '\0';
	trace = trace_of_bochs(file, VM_EXIT, why, sizeof(why));
	fclose(file);
	return trace;
}

/* The caller's. */
static char *fixture(void)
{
	FILE *file = fopen("host/t/bochs.txt", "r");
	char *text = calloc(1, 65536);

	assert_non_null(file);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	return text;
}

static void expect_refusal(const char *text, const char *reason)
{
	struct trace *trace = read_text(text, strlen(text));

	assert_null(trace);
	assert_non_null(strstr(why, reason));
	assert_null(strchr(why, '\n'));
}

static void a_real_text(void **state)
{
	char *text = fixture();
	struct trace *trace = read_text(text, strlen(text));
	unsigned int guest = 0;

	(void)state;
	assert_non_null(trace);
	assert_int_equal(trace->samples, 1);
	assert_int_equal(trace->exits_count, 1);
	/* The ticks between the two clock reads, 2479975651 and 2479975700. */
	assert_int_equal(trace->path[0].length, 49);
	for (uint32_t i = 0; i < trace->path[0].length; i++)
		guest += trace_level(trace->instruction[i]) == TRACE_GUEST;
	assert_int_equal(guest, 5);
	assert_int_equal(trace_address(trace->instruction[0]), 0x100a);
	assert_int_equal(trace_level(trace->instruction[3]), TRACE_GUEST);
	assert_int_equal(trace_address(trace->instruction[4]), VM_EXIT);
	assert_int_equal(trace_level(trace->instruction[4]), TRACE_HOST);
	assert_int_equal(trace_level(trace->instruction[47]), TRACE_HOST);
	assert_int_equal(trace_address(trace->instruction[48]), 0x1015);
	assert_int_equal(trace_level(trace->instruction[48]), TRACE_GUEST);
	free(trace);
	free(text);
}

static void two_samples_of_one_way(void **state)
{
	char *text = fixture(), *twice = calloc(2, 65536);
	struct trace *trace;

	(void)state;
	strcat(strcpy(twice, text), text);
	trace = read_text(twice, strlen(twice));
	assert_non_null(trace);
	assert_int_equal(trace->samples, 2);
	assert_int_equal(trace->paths, 1);
	assert_int_equal(trace->path[0].samples, 2);
	free(trace);
	free(twice);
	free(text);
}

/* Wherever it is cut off within the sample, it is refused in one line. */
static void a_text_that_is_cut_off(void **state)
{
	char *text = fixture();
	const char *end = strstr(text, "rdtscp");

	(void)state;
	for (size_t length = 1; text + length < end; length += 101)
		assert_null(read_text(text, length));
	*strstr(strstr(text, "verw"), "(0).") = '\0';
	expect_refusal(text, "ends within a sample");
	free(text);
}

static void a_text_with_a_broken_line(void **state)
{
	char *text = fixture();

	(void)state;
	*strchr(strstr(text, "verw"), ';') = ' ';
	expect_refusal(text, "is no instruction: (0).[2479975697]");
	free(text);
}

static void a_text_that_lacks_a_line(void **state)
{
	char *text = fixture(), *line = strstr(text, "(0).[2479975690]");
	char *next = strstr(text, "(0).[2479975692]");

	(void)state;
	memmove(line, next, strlen(next) + 1);
	expect_refusal(text, "2 instructions are missing before it");
	free(text);
}

static void a_text_without_samples(void **state)
{
	(void)state;
	expect_refusal("Next at t=0\n", "was the guest asked for marks?");
	expect_refusal("Tracing enabled for CPU0\n"
		       "(0).[7] [0x000000001000] 0033:401000 (unk. ctxt): nop  ; 90\n"
		       "Tracing disabled for CPU0\n",
		       "line 3 of Bochs' text: no clock was read");
}

#define BEGIN                                                                                      \
	"Tracing enabled for CPU0\n"                                                               \
	"(0).[10] [0x000000001000] 0033:401000 (unk. ctxt): rdtsc                     ; 0f31\n"
#define END "Tracing disabled for CPU0\n"

static void expect_lengths(const char *text, uint32_t length, uint32_t guest)
{
	struct trace *trace = read_text(text, strlen(text));

	assert_string_equal(why, "");
	assert_non_null(trace);
	assert_int_equal(trace->path[0].length, length);
	for (uint32_t i = 0; i < length; i++)
		guest -= trace_level(trace->instruction[i]) == TRACE_GUEST;
	assert_int_equal(guest, 0);
	free(trace);
}

static void one_line_for_many_ticks(void **state)
{
	(void)state;
	expect_lengths(BEGIN
		       "(0).[11] [0x000000001002] 0033:401002 (unk. ctxt): rep stosq ; f348ab\n"
		       "(0).[18] [0x000000001005] 0033:401005 (unk. ctxt): rdtscp ; 0f01f9\n" END,
		       8, 8);
}

static void an_instruction_that_was_begun_again(void **state)
{
	(void)state;
	expect_lengths(BEGIN
		       "(0).[11] [0x000000001002] 0033:401002 (unk. ctxt): mov eax, ebx ; 89d8\n"
		       "(0).[11] [0x000000001002] 0033:401002 (unk. ctxt): mov eax, ebx ; 89d8\n"
		       "(0).[12] [0x000000001005] 0033:401005 (unk. ctxt): rdtscp ; 0f01f9\n" END,
		       2, 2);
}

/* Behind a VMRESUME that failed KVM goes on; it may read the clock as the guest does. */
static void an_entry_that_fails(void **state)
{
	(void)state;
	expect_lengths(BEGIN
		       "(0).[11] [0x1] 0010:ffffffffc0395c70 (unk. ctxt): endbranch64 ; f30f1efa\n"
		       "(0).[12] [0x1] 0010:ffffffffc0395c5e (unk. ctxt): vmresume  ; 0f01c3\n"
		       "(0).[13] [0x1] 0010:ffffffffc0395c61 (unk. ctxt): jmp .+29  ; eb1d\n"
		       "(0).[14] [0x1] 0010:000000000401010 (unk. ctxt): rdtscp  ; 0f01f9\n"
		       "(0).[15] [0x1] 0010:ffffffffc0395c5e (unk. ctxt): vmlaunch  ; 0f01c2\n"
		       "(0).[16] [0x1] 0033:000000000401012 (unk. ctxt): rdtscp  ; 0f01f9\n" END,
		       6, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_text),
		cmocka_unit_test(two_samples_of_one_way),
		cmocka_unit_test(a_text_that_is_cut_off),
		cmocka_unit_test(a_text_with_a_broken_line),
		cmocka_unit_test(a_text_that_lacks_a_line),
		cmocka_unit_test(a_text_without_samples),
		cmocka_unit_test(one_line_for_many_ticks),
		cmocka_unit_test(an_instruction_that_was_begun_again),
		cmocka_unit_test(an_entry_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
