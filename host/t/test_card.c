// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Cards taken of made-up trees: what is counted, what cannot be, and what is called noisy. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../card.h"
#include "tree.h"

#define QEMU 100
#define VCPU 102
#define CPU  1

static void gone(const char *path)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	assert_int_equal(unlink(whole), 0);
}

/* An MSR is read at its number. In a file MPERF (0xe7) and APERF (0xe8) overlap: MPERF is 256
 * APERF. */
static void put_msr(int64_t smi, int64_t aperf)
{
	char path[128];
	int fd;

	put("/dev/cpu/1/msr", "");
	snprintf(path, sizeof(path), "%s/dev/cpu/1/msr", root);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, &smi, 8, 0x34), 8);
	assert_int_equal(pwrite(fd, &aperf, 8, 0xe8), 8);
	close(fd);
}

static void put_task(int process, int thread, const char *comm, int cpu, long ns, long slices)
{
	char path[128], text[512];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", process, thread);
	snprintf(
		text, sizeof(text),
		"%d (%s) S 1 1 1 0 -1 4194560 7 0 3 0 0 0 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "
		"17 %d 0 0\n",
		thread, comm, cpu);
	put(path, text);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", process, thread);
	snprintf(text, sizeof(text), "%ld 5000 %ld\n", ns, slices);
	put(path, text);
}

/* CPU 2 is offline: the columns are those of 0, 1 and 3. */
static void put_host(void)
{
	put("/proc/interrupts",
	    "           CPU0       CPU1       CPU3       \n"
	    "  24:          5         10        900   PCI-MSI 65536-edge      nvme0q1\n"
	    " LOC:       1000       2000       3000   Local timer interrupts\n"
	    " TLB:          0          7          0   TLB shootdowns\n"
	    " ERR:          1\n");
	put("/proc/softirqs", "                    CPU0       CPU1       CPU3       \n"
			      "      TIMER:         50        100         70\n"
			      "     NET_RX:          1          2          3\n");
	put("/proc/stat", "cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 0 0 0 0 0 0 0 1 0 0\n"
			  "cpu1 1 2 3 4 5 6 7 40 0 0\ncpu10 0 0 0 0 0 0 0 99 0 0\n");
	put("/proc/100/task/102/status", "Name:\tCPU 0/KVM\nvoluntary_ctxt_switches:\t30\n"
					 "nonvoluntary_ctxt_switches:\t4\n");
	put("/proc/100/task/102/sched", "CPU 0/KVM (102, #threads: 3)\n"
					"se.nr_migrations                 :    2\n");
	put("/proc/sys/kernel/sched_rt_runtime_us", "950000\n");
	put_task(QEMU, VCPU, "CPU 0/KVM", CPU, 1000000, 10);
	put_task(200, 200, "a (b) c", CPU, 500, 5);
	put_task(201, 201, "elsewhere", 0, 500, 5);
	put_task(202, 202, "asleep", CPU, 500, 5);
	put_msr(3, 1000);
}

static int make_host(void **state)
{
	if (make_root(state))
		return -1;
	put_host();
	return 0;
}

static json_t *snapshot(void)
{
	return card_snapshot(&(struct card_subject){root, CPU, QEMU, VCPU});
}

/* The card of what change does, as if it had taken seconds. */
static json_t *card_of(void (*change)(void), double seconds)
{
	json_t *before = snapshot(), *after, *card;

	change();
	after = snapshot();
	json_object_set_new(after, "ns",
			    json_integer(json_integer_value(json_object_get(before, "ns")) +
					 (json_int_t)(seconds * 1e9)));
	card = card_difference(before, after);
	json_decref(before);
	json_decref(after);
	return card;
}

static const json_t *find(const json_t *card, const char *name)
{
	const json_t *counter;
	size_t i;

	json_array_foreach (json_object_get(card, "counters"), i, counter)
		if (!strcmp(json_string_value(json_object_get(counter, "name")), name))
			return counter;
	return NULL;
}

static long count(const json_t *card, const char *name)
{
	const json_t *counter = find(card, name);

	return counter ? json_integer_value(json_object_get(counter, "count")) : -1;
}

static void nothing(void)
{
}

static void much(void)
{
	put("/proc/interrupts",
	    "           CPU0       CPU1       CPU3       \n"
	    "  24:         99         90        901   PCI-MSI 65536-edge      nvme0q1\n"
	    "  25:          0          6          0   PCI-MSI 65537-edge      new\n"
	    " LOC:       9999       2500       3000   Local timer interrupts\n"
	    " TLB:          0          7          0   TLB shootdowns\n"
	    " ERR:          2\n");
	put("/proc/stat", "cpu1 1 2 3 4 5 6 7 41 0 0\n");
	put("/proc/100/task/102/status", "voluntary_ctxt_switches:\t31\n"
					 "nonvoluntary_ctxt_switches:\t64\n");
	put("/proc/100/task/102/sched", "se.nr_migrations                 :    3\n");
	put_task(200, 200, "a (b) c", CPU, 2500500, 25);
	put_task(201, 201, "elsewhere", 0, 9999999, 99);
	put_task(203, 203, "new", CPU, 100, 1);
	put_msr(4, 3000);
}

static void each_counter_is_of_its_cpu(void **state)
{
	json_t *card = card_of(much, 2);

	(void)state;
	assert_int_equal(count(card, "interrupt.24"), 80);
	assert_int_equal(count(card, "interrupt.25"), 6);
	assert_int_equal(count(card, "interrupt.LOC"), 500);
	assert_int_equal(count(card, "interrupt.TLB"), -1); /* none, so it is left out */
	assert_int_equal(count(card, "interrupt.ERR"), -1); /* of no CPU */
	assert_int_equal(count(card, "cpu.steal_ticks"), 1);
	assert_int_equal(count(card, "vcpu.voluntary_switches"), 1);
	assert_int_equal(count(card, "vcpu.involuntary_switches"), 60);
	assert_int_equal(count(card, "vcpu.migrations"), 1);
	assert_int_equal(count(card, "vcpu.minor_faults"), 0);
	assert_int_equal(count(card, "msr.smi"), 1);
	assert_string_equal(json_string_value(json_object_get(find(card, "interrupt.24"), "text")),
			    "PCI-MSI 65536-edge nvme0q1");
	json_decref(card);
}

static void tasks_that_ran_there_are_named(void **state)
{
	json_t *card = card_of(much, 2), *tasks = json_object_get(card, "tasks");

	(void)state;
	assert_int_equal(json_array_size(tasks), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(tasks, 0), "comm")),
			    "a (b) c");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(tasks, 0), "ns")),
			 2500000);
	assert_string_equal(json_string_value(json_object_get(json_array_get(tasks, 1), "comm")),
			    "new");
	json_decref(card);
}

static void a_quiet_pass_is_clean(void **state)
{
	json_t *card = card_of(nothing, 2), *judged = card_judge(card);
	char text[256];

	(void)state;
	card_describe(judged, text, sizeof(text));
	assert_string_equal(text, "CLEAN");
	assert_int_equal(count(card, "vcpu.involuntary_switches"), 0);
	json_decref(judged);
	json_decref(card);
}

static void offenders_are_named(void **state)
{
	json_t *card = card_of(much, 2), *judged = card_judge(card);
	char text[1024];

	(void)state;
	card_describe(judged, text, sizeof(text));
	assert_memory_equal(text, "NOISY: ", 7);
	assert_non_null(strstr(text, "vcpu.involuntary_switches 60, allowed 20: a (b) c 2.5 ms"));
	assert_non_null(strstr(text, "interrupt.24 (PCI-MSI 65536-edge nvme0q1) 80, allowed 20"));
	assert_non_null(strstr(text, "msr.smi (system management interrupts) 1, allowed 0"));
	assert_non_null(strstr(text, "vcpu.migrations 1, allowed 0"));
	assert_null(strstr(text, "interrupt.25"));
	assert_null(strstr(text, "LOC"));
	assert_true(json_real_value(json_object_get(judged, "frequency")) == 0.004);
	json_decref(judged);
	json_decref(card);
}

/* The same counts over a minute are few. */
static void budgets_are_rates(void **state)
{
	json_t *card = card_of(much, 60), *judged = card_judge(card);
	char text[1024];

	(void)state;
	card_describe(judged, text, sizeof(text));
	assert_null(strstr(text, "interrupt.24"));
	assert_null(strstr(text, "involuntary"));
	assert_non_null(strstr(text, "msr.smi"));
	json_decref(judged);
	json_decref(card);
}

static void what_cannot_be_read_is_no_zero(void **state)
{
	json_t *card, *judged;
	const char *why;

	(void)state;
	gone("/dev/cpu/1/msr");
	gone("/proc/100/task/102/sched");
	gone("/proc/softirqs");
	card = card_of(nothing, 2);
	assert_null(find(card, "msr.smi"));
	assert_null(find(card, "vcpu.migrations"));
	why = json_string_value(json_object_get(json_object_get(card, "unavailable"), "msr.smi"));
	assert_non_null(strstr(why, "modprobe msr"));
	assert_non_null(json_object_get(json_object_get(card, "unavailable"), "softirq.*"));
	judged = card_judge(card);
	assert_string_equal(json_string_value(json_object_get(judged, "verdict")), "CLEAN");
	assert_true(json_is_null(json_object_get(judged, "frequency")));
	json_decref(judged);
	json_decref(card);
}

static void without_the_decisive_counters_nothing_is_clean(void **state)
{
	json_t *card, *judged;

	(void)state;
	put("/proc/interrupts", "           CPU0       CPU3       \n LOC: 1 2 Local timer\n");
	card = card_of(nothing, 2);
	judged = card_judge(card);
	assert_string_equal(json_string_value(json_object_get(judged, "verdict")), "UNKNOWN");
	json_decref(judged);
	json_decref(card);
	put_host();
	gone("/proc/100/task/102/status");
	card = card_of(nothing, 2);
	judged = card_judge(card);
	assert_string_equal(json_string_value(json_object_get(judged, "verdict")), "UNKNOWN");
	json_decref(judged);
	json_decref(card);
}

static void no_name_steers_a_terminal(void **state)
{
	json_t *card = json_pack("{s:i, s:i, s:[{s:s, s:s, s:i}], s:[{s:s, s:i}]}", "cpu", 1,
				 "seconds", 1, "counters", "name", "interrupt.9", "text", "a\x1b]b",
				 "count", 99, "tasks", "comm", "\x1b[2J", "ns", 1);
	json_t *judged = card_judge(card);
	char *text = json_dumps(judged, 0);

	(void)state;
	assert_null(strstr(text, "u001b"));
	assert_non_null(strstr(text, "a?]b"));
	assert_non_null(strstr(text, "?[2J"));
	free(text);
	json_decref(judged);
	json_decref(card);
}

static void no_card_is_not_judged(void **state)
{
	json_t *judged = card_judge(NULL), *damaged;

	(void)state;
	assert_true(json_is_null(judged));
	damaged = json_pack("{s:s, s:i}", "counters", "none", "seconds", 0);
	judged = card_judge(damaged);
	assert_true(json_is_null(judged));
	json_decref(damaged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_host, remove_root)
		TEST(each_counter_is_of_its_cpu),
		TEST(tasks_that_ran_there_are_named),
		TEST(a_quiet_pass_is_clean),
		TEST(offenders_are_named),
		TEST(budgets_are_rates),
		TEST(what_cannot_be_read_is_no_zero),
		TEST(without_the_decisive_counters_nothing_is_clean),
		TEST(no_name_steers_a_terminal),
		TEST(no_card_is_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
