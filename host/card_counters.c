// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a card counts: one table of single counters, and the kernel's own tables by CPU. */
#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "card_counters.h"
#include "hostinfo_read.h"
#include "util.h"

/*
 * Single counters. A reader returns the value, or -1 where there is none; hint says what makes it
 * readable. The files of the vCPU thread lie in its directory of procfs.
 */
struct counter;
typedef json_int_t counter_reader(const struct counter *, const struct card_subject *);
static counter_reader by_name, by_word, of_cpu, of_msr, rt_throttled;

static const struct counter {
	const char *name, *text;
	counter_reader *read;
	const char *file;  /* by_name, by_word */
	const char *field; /* by_name: what stands before the colon */
	int where;	   /* by_word, of_cpu: word of the line, from 1; of_msr: register */
	const char *hint;
} counters[] = {
	{"vcpu.voluntary_switches", "the vCPU thread waited", by_name, "status",
	 "voluntary_ctxt_switches", 0, "needs procfs"},
	{"vcpu.involuntary_switches", "another task took the CPU from the vCPU thread", by_name,
	 "status", "nonvoluntary_ctxt_switches", 0, "needs procfs"},
	{"vcpu.migrations", "the vCPU thread went to another CPU", by_name, "sched",
	 "se.nr_migrations", 0, "needs a kernel with CONFIG_SCHED_DEBUG"},
	{"vcpu.minor_faults", "page faults of the vCPU thread without I/O", by_word, "stat", NULL,
	 10, "needs procfs"},
	{"vcpu.major_faults", "page faults of the vCPU thread with I/O", by_word, "stat", NULL, 12,
	 "needs procfs"},
	{"vcpu.waited_ns", "the vCPU thread could have run and did not", by_word, "schedstat", NULL,
	 2, "needs a kernel with CONFIG_SCHED_INFO"},
	{"vcpu.rt_throttled", "real-time throttling stopped the vCPU thread", rt_throttled, NULL,
	 NULL, 0,
	 "the kernel does not count it, and the thread is real-time: set kernel.sched_rt_runtime_us to -1"},
	{"cpu.steal_ticks", "this host, itself a guest, did not run (10 ms each)", of_cpu, NULL,
	 NULL, 9, "needs procfs"},
	{"msr.smi", "system management interrupts", of_msr, NULL, NULL, 0x34,
	 "needs root, the msr module (modprobe msr) and an Intel CPU (MSR 0x34)"},
	{"msr.aperf", "cycles at the frequency the CPU ran at", of_msr, NULL, NULL, 0xe8,
	 "needs root, the msr module (modprobe msr) and a CPU with APERF"},
	{"msr.mperf", "cycles at the CPU's nominal frequency", of_msr, NULL, NULL, 0xe7,
	 "needs root, the msr module (modprobe msr) and a CPU with MPERF"},
};

FILE *card_open(const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	return fopen(path, "re");
}

/* The word-th word of text, from 1, as a number; -1 where it is none. */
static json_int_t number_at(const char *text, int word)
{
	char *end;
	json_int_t value;

	for (text += strspn(text, " \t"); word > 1; word--) {
		text += strcspn(text, " \t\n");
		text += strspn(text, " \t");
	}
	value = strtoll(text, &end, 10);
	return end == text ? -1 : value;
}

json_int_t card_word(const char *line, int word)
{
	const char *name_end = strrchr(line, ')');

	return name_end ? number_at(name_end + 1, word - 2) : number_at(line, word);
}

static json_int_t by_name(const struct counter *counter, const struct card_subject *subject)
{
	char path[PATH_MAX];
	json_t *value;
	json_int_t count;

	snprintf(path, sizeof(path), "%s/proc/%d/task/%d/%s", subject->root, subject->qemu,
		 subject->vcpu, counter->file);
	value = read_field_integer(&(struct place){path, counter->field, NULL});
	count = json_is_integer(value) ? json_integer_value(value) : -1;
	json_decref(value);
	return count;
}

static json_int_t by_word(const struct counter *counter, const struct card_subject *subject)
{
	FILE *file = card_open("%s/proc/%d/task/%d/%s", subject->root, subject->qemu, subject->vcpu,
			       counter->file);
	char line[1024];
	json_int_t count = -1;

	if (file && fgets(line, sizeof(line), file))
		count = card_word(line, counter->where);
	if (file)
		fclose(file);
	return count;
}

static json_int_t of_cpu(const struct counter *counter, const struct card_subject *subject)
{
	FILE *file = card_open("%s/proc/stat", subject->root);
	char line[1024], name[16];
	json_int_t count = -1;

	snprintf(name, sizeof(name), "cpu%d ", subject->cpu);
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			count = number_at(line, counter->where);
	if (file)
		fclose(file);
	return count;
}

static json_int_t of_msr(const struct counter *counter, const struct card_subject *subject)
{
	char path[PATH_MAX];
	uint64_t value;
	json_int_t count = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/dev/cpu/%d/msr", subject->root, subject->cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (pread(fd, &value, sizeof(value), counter->where) == sizeof(value))
		count = value & INT64_MAX;
	close(fd);
	return count;
}

/* Nothing counts it. It cannot be where the thread is not real-time, or throttling is off. */
static json_int_t rt_throttled(const struct counter *counter, const struct card_subject *subject)
{
	int policy = sched_getscheduler(subject->vcpu) & ~SCHED_RESET_ON_FORK;
	char path[PATH_MAX];
	json_t *limit;
	bool off;

	(void)counter;
	if (policy >= 0 && policy != SCHED_FIFO && policy != SCHED_RR)
		return 0;
	snprintf(path, sizeof(path), "%s/proc/sys/kernel/sched_rt_runtime_us", subject->root);
	limit = read_text(&(struct place){path, NULL, NULL});
	off = limit && !strcmp(json_string_value(limit), "-1");
	json_decref(limit);
	return off ? 0 : -1;
}

static void add_counter(json_t *into, const char *name, const char *text, json_int_t count)
{
	json_t *string = json_string(text);

	json_object_set_new(
		into, name,
		json_pack("{s:o, s:I}", "text", string ?: json_string(""), "count", count));
}

/* Blanks in a row become one, those at the ends none. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	if (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

/* Which column of a table "CPU0 CPU1 ..." is the CPU's, from 0; -1 where it is in none. */
static int column_of(const char *header, int cpu, int *columns)
{
	int column = -1, number, length;

	*columns = 0;
	for (; sscanf(header, " CPU%d%n", &number, &length) == 1; header += length, ++*columns)
		if (number == cpu)
			column = *columns;
	return column;
}

/*
 * /proc/interrupts and /proc/softirqs: "name: count count ... text", a column for each CPU that is
 * online. A line with fewer columns (ERR, MIS) is of no CPU.
 */
static void add_table(json_t *into, json_t *unavailable, const struct card_subject *subject,
		      const char *kind)
{
	FILE *file = card_open("%s/proc/%ss", subject->root, kind);
	int columns = 0, column = -1;
	char *line = NULL, *colon, *rest, name[64];
	size_t size = 0;

	if (file && getline(&line, &size, file) > 0)
		column = column_of(line, subject->cpu, &columns);
	while (column >= 0 && getline(&line, &size, file) > 0) {
		json_int_t count = 0;
		int at = 0;

		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		squeeze(line);
		snprintf(name, sizeof(name), "%s.%.40s", kind, line);
		for (rest = colon + 1; at < columns; at++) {
			char *end;
			json_int_t value = strtoll(rest, &end, 10);

			if (end == rest)
				break;
			if (at == column)
				count = value;
			rest = end;
		}
		squeeze(rest);
		if (at == columns)
			add_counter(into, name, rest, count);
	}
	if (column < 0) {
		snprintf(name, sizeof(name), "%s.*", kind);
		json_object_set_new(
			unavailable, name,
			json_sprintf("/proc/%ss has no column for CPU %d", kind, subject->cpu));
	}
	free(line);
	if (file)
		fclose(file);
}

json_int_t card_interrupts(int cpu)
{
	const struct card_subject subject = {.root = "", .cpu = cpu};
	json_t *all = json_object(), *unavailable = json_object(), *counter;
	const char *name;
	json_int_t sum = 0;

	add_table(all, unavailable, &subject, "interrupt");
	json_object_foreach (all, name, counter) {
		sum += json_integer_value(json_object_get(counter, "count"));
	}
	if (json_object_size(unavailable))
		sum = -1;
	json_decref(all);
	json_decref(unavailable);
	return sum;
}

void card_count(json_t *into, json_t *unavailable, const struct card_subject *subject)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		json_int_t count = counters[i].read(&counters[i], subject);

		if (count < 0)
			json_object_set_new(unavailable, counters[i].name,
					    json_string(counters[i].hint));
		else
			add_counter(into, counters[i].name, counters[i].text, count);
	}
	add_table(into, unavailable, subject, "interrupt");
	add_table(into, unavailable, subject, "softirq");
}
