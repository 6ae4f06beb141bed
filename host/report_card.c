// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* summary.json's card for people: one line for the terminal, a section of report.md. */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "json_file.h"
#include "report.h"
#include "util.h"

void report_offenders(const char *text, FILE *out)
{
	for (; *text; text++) {
		fputc(*text, out);
		if (!strncmp(text, "; ", 2))
			fputs("\n       ", out); /* the blank follows */
	}
}

const char *report_isolation(const json_t *summary)
{
	const json_t *isolated = json_object_get(summary, "isolated");

	if (!json_is_boolean(isolated))
		return "isolation unknown";
	return json_is_true(isolated) ? "isolated" : "not isolated";
}

void report_card_line(const json_t *summary, FILE *out)
{
	const json_t *card = json_object_get(summary, "card");

	if (!json_is_object(card))
		return;
	fprintf(out, "card    %s, ", report_isolation(summary));
	card_print(card, ";\n        ", out); /* one offender a line */
	fputc('\n', out);
}

static void number(const json_t *value, FILE *out)
{
	if (json_is_number(value))
		fprintf(out, "%.10g", json_number_value(value));
	else
		fputs("-", out);
}

static void counters(const json_t *card, FILE *out)
{
	const json_t *counter;
	size_t i;

	fputs("| counter | what | count | allowed in this pass | per second | |\n"
	      "| --- | --- | ---: | ---: | ---: | --- |\n",
	      out);
	json_array_foreach (json_object_get(card, "counters"), i, counter) {
		fprintf(out, "| %s | ", json_text(counter, "name"));
		markdown_text(json_text(counter, "text"), out);
		fprintf(out, " | %lld | ",
			(long long)json_integer_value(json_object_get(counter, "count")));
		number(json_object_get(counter, "allowed"), out);
		fputs(" | ", out);
		number(json_object_get(counter, "per_second"), out);
		fprintf(out, " | %s |\n",
			json_is_true(json_object_get(counter, "over")) ? "over" : "");
	}
}

static void tasks(const json_t *card, FILE *out)
{
	const json_t *tasks = json_object_get(card, "tasks"), *task;
	size_t i;

	if (!json_array_size(tasks))
		return;
	fputs("\nRan meanwhile and were last on that CPU (times and ms are those on all CPUs):\n\n"
	      "| task | times | ms |\n| --- | ---: | ---: |\n",
	      out);
	json_array_foreach (tasks, i, task) {
		fputs("| ", out);
		markdown_text(json_text(task, "comm"), out);
		fprintf(out, " (%lld) | %lld | %.3f |\n",
			(long long)json_integer_value(json_object_get(task, "tid")),
			(long long)json_integer_value(json_object_get(task, "slices")),
			json_integer_value(json_object_get(task, "ns")) / 1e6);
	}
}

void report_card_rows(const json_t *summary, FILE *out)
{
	const json_t *card = json_object_get(summary, "card");

	fprintf(out, "| CPU of the vCPU | %s |\n| card | %s |\n", report_isolation(summary),
		json_is_object(card) ? json_text(card, "verdict") : "none was taken");
}

void report_card_markdown(const json_t *summary, FILE *out)
{
	const json_t *card = json_object_get(summary, "card"), *why;
	const char *name;
	char *text;
	size_t size;
	FILE *buffer;

	fputs("## Report card\n\n", out);
	if (!json_is_object(card)) {
		fputs("None was taken: nothing is known of what disturbed this run.\n\n", out);
		return;
	}
	buffer = open_memstream(&text, &size);
	if (!buffer)
		die("no memory for a report card");
	card_print(card, "; ", buffer);
	fclose(buffer);
	fputs("**", out);
	markdown_text(text, out);
	free(text);
	fprintf(out,
		"**\n\nHost CPU %lld, %s, the %.3f s of the timed pass. Interrupts and softirqs that "
		"did not happen are left out. What is allowed are budgets: docs/isolation.md.\n\n",
		(long long)json_integer_value(json_object_get(card, "cpu")),
		report_isolation(summary), json_number_value(json_object_get(card, "seconds")));
	counters(card, out);
	if (json_is_number(json_object_get(card, "frequency")))
		fprintf(out, "\nThe CPU ran at %g times its nominal frequency (APERF/MPERF).\n",
			json_number_value(json_object_get(card, "frequency")));
	tasks(card, out);
	if (json_object_size(json_object_get(card, "unavailable")))
		fputs("\nNot available here:\n\n", out);
	json_object_foreach ((json_t *)json_object_get(card, "unavailable"), name, why) {
		fputs("- ", out);
		markdown_text(name, out);
		fputs(": ", out);
		markdown_text(json_string_value(why) ?: "", out);
		fputc('\n', out);
	}
	fputc('\n', out);
}
