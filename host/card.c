// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Taking a card: two snapshots, and what lies between them. */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "card.h"
#include "card_counters.h"

#define TASKS_MOST 8 /* named in a card; the others ran for less */

/* A thread: its command, the CPU it last ran on, how often and how long it ran. */
static void add_task(json_t *tasks, const char *root, const char *process, const char *thread)
{
	FILE *stat = card_open("%s/proc/%s/task/%s/stat", root, process, thread);
	FILE *schedstat = card_open("%s/proc/%s/task/%s/schedstat", root, process, thread);
	char line[1024], run[128], *name = NULL, *end = NULL;

	if (stat && schedstat && fgets(line, sizeof(line), stat) &&
	    fgets(run, sizeof(run), schedstat)) {
		name = strchr(line, '(');
		end = strrchr(line, ')');
	}
	if (name && end && name < end) {
		json_t *comm;
		json_int_t cpu = card_word(line, 39);

		*end = '\0';
		comm = json_string(name + 1);
		json_object_set_new(tasks, thread,
				    json_pack("{s:o, s:I, s:I, s:I}", "comm",
					      comm ?: json_string("?"), "cpu", cpu, "ns",
					      card_word(run, 1), "slices", card_word(run, 3)));
	}
	if (stat)
		fclose(stat);
	if (schedstat)
		fclose(schedstat);
}

static void add_tasks(json_t *tasks, const struct card_subject *subject)
{
	struct dirent *process, *thread;
	char path[PATH_MAX];
	DIR *processes, *threads;

	snprintf(path, sizeof(path), "%s/proc", subject->root);
	processes = opendir(path);
	while (processes && (process = readdir(processes))) {
		if (!isdigit((unsigned char)process->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/proc/%s/task", subject->root, process->d_name);
		threads = opendir(path);
		while (threads && (thread = readdir(threads)))
			if (isdigit((unsigned char)thread->d_name[0]) &&
			    atoi(thread->d_name) != subject->vcpu)
				add_task(tasks, subject->root, process->d_name, thread->d_name);
		if (threads)
			closedir(threads);
	}
	if (processes)
		closedir(processes);
}

json_t *card_snapshot(const struct card_subject *subject)
{
	json_t *taken = json_object(), *unavailable = json_object(), *tasks = json_object();
	struct timespec now;

	add_tasks(tasks, subject);
	card_count(taken, unavailable, subject);
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return json_pack("{s:i, s:I, s:o, s:o, s:o}", "cpu", subject->cpu, "ns",
			 (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec, "counters", taken,
			 "unavailable", unavailable, "tasks", tasks);
}

static json_int_t integer_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Of interrupts and softirqs there are hundreds: those that did not happen are left out. */
static json_t *counters_between(const json_t *before, const json_t *after)
{
	json_t *all = json_array(), *counter;
	const char *name;

	json_object_foreach (json_object_get(after, "counters"), name, counter) {
		const json_t *old = json_object_get(json_object_get(before, "counters"), name);
		json_int_t count = integer_of(counter, "count") - integer_of(old, "count");
		bool of_table = !strncmp(name, "interrupt.", 10) || !strncmp(name, "softirq.", 8);

		if (json_object_get(json_object_get(before, "unavailable"), name))
			continue; /* from where would it count? */
		if (count || !of_table)
			json_array_append_new(
				all, json_pack("{s:s, s:O, s:I}", "name", name, "text",
					       json_object_get(counter, "text"), "count", count));
	}
	return all;
}

static int longest_first(const void *left, const void *right)
{
	json_int_t a = integer_of(*(json_t *const *)left, "ns"),
		   b = integer_of(*(json_t *const *)right, "ns");

	return (a < b) - (a > b);
}

/* The tasks that ran meanwhile and were on the CPU when they did last. */
static json_t *tasks_between(const json_t *before, const json_t *after)
{
	json_t *old_tasks = json_object_get(before, "tasks"),
	       *new_tasks = json_object_get(after, "tasks"), *task, *named = json_array();
	json_t **ran = calloc(json_object_size(new_tasks) + 1, sizeof(*ran));
	const char *tid;
	size_t count = 0;

	json_object_foreach (new_tasks, tid, task) {
		const json_t *old = json_object_get(old_tasks, tid);
		json_int_t slices = integer_of(task, "slices") - integer_of(old, "slices");
		json_int_t ns = integer_of(task, "ns") - integer_of(old, "ns");

		if (ran && slices > 0 && integer_of(task, "cpu") == integer_of(after, "cpu"))
			ran[count++] = json_pack("{s:O, s:i, s:I, s:I}", "comm",
						 json_object_get(task, "comm"), "tid", atoi(tid),
						 "slices", slices, "ns", ns);
	}
	if (ran)
		qsort(ran, count, sizeof(*ran), longest_first);
	for (size_t i = 0; i < count; i++)
		if (i < TASKS_MOST)
			json_array_append_new(named, ran[i]);
		else
			json_decref(ran[i]);
	free(ran);
	return named;
}

json_t *card_difference(const json_t *before, const json_t *after)
{
	json_t *unavailable = json_deep_copy(json_object_get(after, "unavailable"));

	json_object_update_missing(unavailable, json_object_get(before, "unavailable"));
	return json_pack("{s:O, s:f, s:o, s:o, s:o}", "cpu", json_object_get(after, "cpu"),
			 "seconds", (integer_of(after, "ns") - integer_of(before, "ns")) / 1e9,
			 "counters", counters_between(before, after), "tasks",
			 tasks_between(before, after), "unavailable", unavailable);
}
