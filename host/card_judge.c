// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * CLEAN or NOISY: a card held against budgets, one for each counter. They are rates: an interrupt
 * takes some 10 us with all that it evicts, so 100 a second are a thousandth of the time and leave
 * percentiles up to the 99.9th of short samples alone; a task that takes the CPU costs ten times as
 * much. The tick is the exception: nothing but a boot parameter removes it.
 */
#include <fnmatch.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "json_file.h"
#include "util.h"

/* The first pattern that fits a counter's name decides. NAN: shown, never judged. */
static const struct budget {
	const char *pattern;
	double per_second;
} budgets[] = {
	{"interrupt.LOC", 1500}, /* a tick of up to 1000 Hz, and the guest's own timer */
	{"interrupt.RES", 100},
	{"interrupt.CAL", 100},
	{"interrupt.TLB", 100},
	{"interrupt.IWI", 100},
	{"interrupt.PIN", NAN}, /* posted interrupts: the guest's own */
	{"interrupt.NPI", NAN},
	{"interrupt.PIW", NAN},
	{"interrupt.*", 10},	/* devices, NMIs, machine checks */
	{"softirq.TIMER", NAN}, /* these come with the tick, which has its budget */
	{"softirq.HRTIMER", NAN},
	{"softirq.SCHED", NAN},
	{"softirq.RCU", NAN},
	{"softirq.*", 10},
	{"vcpu.involuntary_switches", 10},
	{"vcpu.migrations", 0},
	{"vcpu.minor_faults", 100},
	{"vcpu.major_faults", 0},
	{"vcpu.rt_throttled", 0},
	{"cpu.steal_ticks", 0.1}, /* of 10 ms each */
	{"msr.smi", 0},
	{"*", NAN},
};

static const struct budget *budget_of(const char *name)
{
	const struct budget *budget = budgets;

	while (fnmatch(budget->pattern, name, 0))
		budget++;
	return budget;
}

/* How many events a pass of so many seconds may have; a short one as many as one of a second. */
static double allowed(const struct budget *budget, double seconds)
{
	return budget->per_second * (seconds > 1 ? seconds : 1);
}

static json_t *tenths(double value)
{
	return isfinite(value) ? json_real(round(value * 10) / 10) : json_null();
}

/* The tasks of a card, with names that can be printed. */
static json_t *printable_tasks(const json_t *tasks)
{
	json_t *all = json_deep_copy(tasks), *task;
	size_t i;

	json_array_foreach (all, i, task) {
		json_object_set_new(
			task, "comm",
			json_printable(json_string_value(json_object_get(task, "comm")) ?: ""));
	}
	return all ?: json_array();
}

/* APERF / MPERF: how far from its nominal frequency the CPU ran; null unknown. */
static json_t *frequency(const json_t *counters)
{
	const json_t *aperf = json_find(counters, "name", "msr.aperf");
	const json_t *mperf = json_find(counters, "name", "msr.mperf");
	double ran = json_integer_value(json_object_get(aperf, "count"));
	double nominal = json_integer_value(json_object_get(mperf, "count"));

	return ran > 0 && nominal > 0 ? json_real(round(ran / nominal * 1000) / 1000) : json_null();
}

/* Without these nothing can be called CLEAN. */
static bool decisive_missing(const json_t *card)
{
	const json_t *unavailable = json_object_get(card, "unavailable");

	return json_object_get(unavailable, "interrupt.*") ||
	       json_object_get(unavailable, "vcpu.involuntary_switches");
}

json_t *card_judge(const json_t *card)
{
	const json_t *counters = json_object_get(card, "counters");
	double seconds = json_number_value(json_object_get(card, "seconds"));
	json_t *judged = json_array(), *counter;
	bool noisy = false;
	size_t i;

	if (!json_is_array(counters) || seconds <= 0) {
		json_decref(judged);
		return json_null();
	}
	json_array_foreach (counters, i, counter) {
		const struct budget *budget = budget_of(json_text(counter, "name"));
		double count = json_number_value(json_object_get(counter, "count"));
		bool over = count > allowed(budget, seconds);
		json_t *with = json_deep_copy(counter);

		noisy |= over;
		json_object_set_new(
			with, "text",
			json_printable(json_string_value(json_object_get(counter, "text")) ?: ""));
		json_object_set_new(with, "per_second", tenths(count / seconds));
		json_object_set_new(with, "allowed", tenths(allowed(budget, seconds)));
		json_object_set_new(with, "over", json_boolean(over));
		json_array_append_new(judged, with);
	}
	return json_pack("{s:s, s:O*, s:o, s:o, s:o, s:o, s:O*}", "verdict",
			 noisy			  ? "NOISY"
			 : decisive_missing(card) ? "UNKNOWN"
						  : "CLEAN",
			 "cpu", json_object_get(card, "cpu"), "seconds",
			 json_real(round(seconds * 1000) / 1000), "frequency", frequency(counters),
			 "counters", judged, "tasks",
			 printable_tasks(json_object_get(card, "tasks")), "unavailable",
			 json_object_get(card, "unavailable"));
}

/* Who took the CPU, the two longest. */
static void describe_tasks(const json_t *judged, FILE *out)
{
	const json_t *task;
	size_t i;

	json_array_foreach (json_object_get(judged, "tasks"), i, task)
		if (i < 2)
			fprintf(out, "%s%s %.1f ms", i ? ", " : ": ", json_text(task, "comm"),
				json_integer_value(json_object_get(task, "ns")) / 1e6);
}

void card_print(const json_t *judged, const char *separator, FILE *out)
{
	const char *between = ": ";
	const json_t *counter;
	size_t i;

	fputs(json_is_object(judged) ? json_text(judged, "verdict") : "none", out);
	json_array_foreach (json_object_get(judged, "counters"), i, counter) {
		const char *name = json_text(counter, "name");

		if (!json_is_true(json_object_get(counter, "over")))
			continue;
		fprintf(out, "%s%s", between, name);
		if (strncmp(name, "vcpu.", 5) && json_text(counter, "text")[0])
			fprintf(out, " (%s)", json_text(counter, "text"));
		fprintf(out, " %g, allowed %g",
			json_number_value(json_object_get(counter, "count")),
			json_number_value(json_object_get(counter, "allowed")));
		if (!strcmp(name, "vcpu.involuntary_switches"))
			describe_tasks(judged, out);
		between = separator;
	}
	if (!strcmp(json_text(judged, "verdict"), "UNKNOWN"))
		fprintf(out, ": interrupts or context switches could not be counted");
}

void card_describe(const json_t *judged, char *text, size_t size)
{
	FILE *out = fmemopen(text, size, "w");

	text[0] = '\0';
	if (!out)
		return;
	setbuf(out, NULL); /* else what does not fit would be lost with what does */
	card_print(judged, "; ", out);
	fclose(out);
	text[size - 1] = '\0';
}
