// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The CPU of a vCPU, on CPUs of one kind of cores and of two. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../cpus.h"

/* Of CPUs first to last. */
static int last_of(int first, int last, const char *fast)
{
	char path[] = "/tmp/test_cpus.XXXXXX";
	int fd = mkstemp(path), cpu;
	cpu_set_t usable;

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "%s", fast) >= 0);
	close(fd);
	CPU_ZERO(&usable);
	for (cpu = first; cpu <= last; cpu++)
		CPU_SET(cpu, &usable);
	cpu = cpus_last(&usable, path);
	unlink(path);
	return cpu;
}

static void test_one_kind(void **state)
{
	cpu_set_t usable;

	(void)state;
	CPU_ZERO(&usable);
	assert_int_equal(cpus_last(&usable, "/nonexistent/cpus"), -1);
	CPU_SET(0, &usable);
	CPU_SET(5, &usable);
	assert_int_equal(cpus_last(&usable, "/nonexistent/cpus"), 5);
}

static void test_two_kinds(void **state)
{
	(void)state;
	assert_int_equal(last_of(0, 19, "0-15\n"), 15);
	assert_int_equal(last_of(0, 19, "0-3,6,8-9\n"), 9);
	assert_int_equal(last_of(0, 7, "0-3,6,8-9\n"), 6);
	assert_int_equal(last_of(0, 19, "7\n"), 7);
	assert_int_equal(last_of(16, 19, "0-15\n"), 19);
	assert_int_equal(last_of(0, CPU_SETSIZE - 1, "0-15,2000-3000\n"), 15);
}

static void test_no_list(void **state)
{
	const char *const texts[] = {"", "\n", "x\n", "-3\n", "5-\n3", "9-2,\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_in_range(last_of(0, 3, texts[i]), 0, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_kind),
		cmocka_unit_test(test_two_kinds),
		cmocka_unit_test(test_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
