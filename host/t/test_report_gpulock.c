// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The budget of gpulock in report.md: what is in a table, in which unit, and what is met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../report.h"
#include "../util.h"

struct row {
	const char *id;
	int ticks;
};

/* A summary with these rows, and what report.md says of it; the caller's. */
static char *markdown(const char *clock, json_t *emulated, const struct row *rows, size_t count)
{
	json_t *list = json_array();
	json_t *summary = json_pack("{s:s, s:o, s:{s:i}, s:o}", "clock", clock, "emulated",
				    emulated, "setup", "tsc_khz", 2000000, "rows", list);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:i}", "id", rows[i].id,
						      "p50_minus_floor", rows[i].ticks));
	gpulock_markdown(summary, out);
	fclose(out);
	json_decref(summary);
	return text;
}

#define MARKDOWN(clock, emulated, rows) markdown(clock, emulated, rows, ARRAY_SIZE(rows))

static void has(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no \"%s\" in:\n%s", words, text);
}

static void has_not(const char *text, const char *words)
{
	if (strstr(text, words))
		fail_msg("\"%s\" in:\n%s", words, text);
}

static const struct row all_met[] = {
	{"gpulock.kernel_1_1", 100},	  {"gpulock.kernel_100k_1", 300},
	{"gpulock.index_1_1", 50},	  {"gpulock.index_100k_1", 150},
	{"gpulock.check_1_1", 700},	  {"gpulock.check_100k_1", 800},
	{"gpulock.open_write_1_1", 7000}, {"gpulock.open_write_100k_1", 8000},
	{"gpulock.batch_1_1", 130},	  {"gpulock.batch_100k_1", 390},
	{"gpulock.alloc_100k_4", 10000},
};

/* Each figure at its limit is met, and one tick above it is not. */
static void limits(void **state)
{
	static const struct {
		size_t row;
		const char *figure;
	} above[] = {
		{1, "| in-kernel check at 100000 grants, instructions | 301 | 300 | NOT MET |"},
		{4, "| CHECK ioctl over open + write + close, 1 grant | 0.1001 | 0.1 | NOT MET |"},
		{5,
		 "| CHECK ioctl over open + write + close, 100000 grants | 0.1001 | 0.1 | NOT MET |"},
		{8, "| batched check over in-kernel check, 1 grant | 1.31 | 1.3 | NOT MET |"},
		{9,
		 "| batched check over in-kernel check, 100000 grants | 1.303 | 1.3 | NOT MET |"},
		{10, "| ALLOC ioctl, us at 1 instruction a ns | 10 | 10 | NOT MET |"},
	};
	char *text = MARKDOWN("insn", json_true(), all_met);

	(void)state;
	has_not(text, "NOT MET");
	has(text,
	    "| the same over that at 1 grant and the depth of the search | 1.5 | 1.5 | met |");
	has(text, "| CHECK ioctl at 100000 grants, us at 1 instruction a ns | 0.8 | 1 | met |");
	free(text);
	for (size_t i = 0; i < ARRAY_SIZE(above); i++) {
		struct row rows[ARRAY_SIZE(all_met)];

		memcpy(rows, all_met, sizeof(rows));
		rows[above[i].row].ticks++;
		text = MARKDOWN("insn", json_true(), rows);
		has(text, above[i].figure);
		free(text);
	}
}

/* Cycles of 2 GHz: their number, and the same in ns. Of an emulator: no ns, and nothing is met. */
static void cycles(void **state)
{
	static const struct row rows[] = {{"gpulock.check_100k_1", 1999},
					  {"gpulock.alloc_100k_4", 30000}};
	char *text = MARKDOWN("tsc", json_false(), rows);

	(void)state;
	has(text, "| CHECK ioctl | | | | | | | 1999 | | |");
	has(text, "The same in nanoseconds:");
	has(text, "| CHECK ioctl | | | | | | | 1000 | | |");
	has(text, "| CHECK ioctl at 100000 grants, us | 0.9995 | 1 | met |");
	has(text, "| ALLOC ioctl, us | 15 | 10 | NOT MET |");
	has_not(text, "instructions");
	free(text);
	text = MARKDOWN("tsc", json_true(), rows);
	has(text, "| CHECK ioctl | | | | | | | 1999 | | |");
	has_not(text, "nanoseconds");
	has_not(text, "met |");
	has_not(text, "MET");
	free(text);
}

/* A table has the layers that ran; a structure has a table of its own; others have none. */
static void what_ran(void **state)
{
	static const struct row layer[] = {{"gpulock.free_1k_2", 9}}, other[] = {{"user.cpuid", 9}},
				structure[] = {{"gpulock.list_10_1", 0}};
	char *text = MARKDOWN("insn", json_true(), layer);

	(void)state;
	has(text, "| layer / grants of each agent, agents | 1, 1 | 1, 2 | 1, 4 | 1000, 1 |");
	has(text, "| FREE ioctl | | | | | 9 | | | | |");
	has_not(text, "CHECK");
	has_not(text, "look-up");
	has_not(text, "| figure");
	free(text);
	text = MARKDOWN("insn", json_true(), structure);
	has(text, "| look-up / grants | 1 | 10 | 100 | 1000 | 10000 | 100000 |");
	has(text, "| look-up in a list under a spinlock | | 0 | | | | |");
	has_not(text, "| layer");
	has(text, "plots/gpulock.structures.svg");
	free(text);
	text = MARKDOWN("insn", json_true(), other);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(cycles),
		cmocka_unit_test(what_ran),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
