// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Functions that leak, each as often and as much as is known, and what is old when they end. */
#include <stdio.h>

#include "../clock.h"
#include "gpumem_truth.h"

#define OLD_MS 1000 /* at least, when the young ones are allocated */

/* Each is in the stacks by its name. */
#define NAMED __attribute__((noinline, noclone))

NAMED void leak_often(unsigned long times);
NAMED void leak_often(unsigned long times)
{
	for (unsigned long i = 0; i < times; i++)
		allocate(1000);
}

NAMED void leak_much(unsigned long times);
NAMED void leak_much(unsigned long times)
{
	for (unsigned long i = 0; i < times; i++)
		allocate(3000);
}

NAMED void leak_nothing(unsigned long times);
NAMED void leak_nothing(unsigned long times)
{
	for (unsigned long i = 0; i < times; i++)
		release(allocate(5000), 5000);
}

NAMED void leak_late(unsigned long times);
NAMED void leak_late(unsigned long times)
{
	for (unsigned long i = 0; i < times; i++)
		allocate(7000);
}

void stacks(void)
{
	int64_t young;

	leak_often(200);
	leak_much(100);
	leak_nothing(300);
	for (int64_t old = now_ms() + OLD_MS; now_ms() < old;)
		leak_nothing(1);
	young = now_ms();
	leak_late(50);
	printf("young %lld\n", (long long)(now_ms() - young));
}
