// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where a call is probed: behind a landing pad alone, and only where that saves an exception. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../gpumem_prologue.h"
#include "../util.h"

#define PAD "\xf3\x0f\x1e\xfa"

static void forms(void **state)
{
	static const struct {
		const char *code;
		size_t size;
		unsigned int past;
	} cases[] = {
		{PAD "\x55\x48\x89\xe5", 8, 4},	    /* push %rbp */
		{PAD "\x50", 5, 4},		    /* push %rax */
		{PAD "\x57", 5, 4},		    /* push %rdi */
		{PAD "\x41\x57\x41\x56", 8, 4},	    /* push %r15 */
		{PAD "\x90", 5, 4},		    /* nop */
		{PAD "\x0f\x1f\x44\x00\x00", 9, 4}, /* nopl 0(%rax,%rax) */
		{PAD "\x58", 5, 0},		    /* pop %rax */
		{PAD "\x4f\x55", 6, 0},		    /* another prefix */
		{PAD "\x48\x83\xec\x18", 8, 0},	    /* sub $24,%rsp */
		{PAD "\x48\x89\xf8", 7, 0},	    /* mov %rdi,%rax */
		{PAD "\x0f\x1f\x40\x00", 8, 0},	    /* another nop, which is stepped through */
		{PAD "\x41", 5, 0},		    /* cut off */
		{PAD, 4, 0},
		{"\xf3\x0f\x1e\xfb\x55", 5, 0}, /* endbr32 */
		{"\x55\x48\x89\xe5", 4, 0},
		{"\x48\x83\xec\x18\x55", 5, 0},
		{"\x0f\x1f\x44\x00\x00", 5, 0},
		{"", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		/* In its own memory, so that a byte too far is seen. */
		uint8_t *code = malloc(cases[i].size ?: 1);

		memcpy(code, cases[i].code, cases[i].size);
#ifdef __x86_64__
		assert_int_equal(gpumem_prologue_past(code, cases[i].size), cases[i].past);
#else
		assert_int_equal(gpumem_prologue_past(code, cases[i].size), 0);
#endif
		free(code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(forms)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
