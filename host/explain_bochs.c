// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The text of Bochs' debugger as a trace. With tracing on it prints each instruction before it is
 * executed, an instruction a line, each iteration of a repeated one too:
 *
 *   (0).[2479975655] [0x000002bf2013] 0033:0000000000401013 (unk. ctxt): cpuid     ; 0fa2
 *
 * The first number is the tick, and a tick is what the lab's clock counts; so the ticks say whether
 * the text is whole. An instruction that exits is executed, and one tick long.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"

#define BRACKET_BYTES  128 /* from the one clock read to the other */
#define VMRESUME_BYTES 3   /* VMLAUNCH has as many */

struct line {
	uint64_t tick, address;
	char mnemonic[16]; /* its first word */
};

struct reader {
	struct trace *trace;
	uint64_t vm_exit;
	uint64_t sample[TRACE_LONGEST];
	size_t length;
	enum trace_level level;
	enum { OFF, BEFORE, WITHIN, BEHIND } place; /* of the sample; OFF: no instruction comes */
	uint64_t opened;			    /* address of the first clock read */
	struct line before;			    /* the last instruction */
	char *why;
	size_t size;
};

/* "(0).[TICK] [0xPHYSICAL] SEGMENT:ADDRESS (CONTEXT): MNEMONIC ..." */
static bool parse_line(const char *text, struct line *line)
{
	const char *mnemonic = strstr(text, "): ");

	return sscanf(text, "(%*u).[%" SCNu64 "] [0x%*x] %*x:%" SCNx64, &line->tick,
		      &line->address) == 2 &&
	       mnemonic && sscanf(mnemonic + 3, "%15s", line->mnemonic) == 1 &&
	       strchr(mnemonic, ';');
}

static bool is(const struct line *line, const char *mnemonic)
{
	return !strcmp(line->mnemonic, mnemonic);
}

/* May it be longer than one tick? */
static bool lasts(const struct line *line)
{
	return !strncmp(line->mnemonic, "rep", 3) || is(line, "hlt") || is(line, "mwait");
}

/* Whose the instruction is, from where the one before it was and what it did. */
static enum trace_level level_of(const struct reader *reader, const struct line *line)
{
	const struct line *before = &reader->before;

	if (reader->level == TRACE_GUEST)
		return line->address == reader->vm_exit ? TRACE_HOST : TRACE_GUEST;
	/* Where the entry fails, what lies behind it comes next. */
	if ((is(before, "vmresume") || is(before, "vmlaunch")) &&
	    line->address != before->address + VMRESUME_BYTES)
		return TRACE_GUEST;
	return TRACE_HOST;
}

static void add(struct reader *reader, uint64_t address, uint64_t times)
{
	while (times-- && reader->length < TRACE_LONGEST)
		reader->sample[reader->length++] = trace_pack(address, reader->level);
}

/* One more instruction of the sample. False with why where some are missing before it. */
static bool take(struct reader *reader, const struct line *line, size_t number)
{
	uint64_t ticks = line->tick - reader->before.tick;

	if (line->tick < reader->before.tick || (ticks > 1 && !lasts(&reader->before))) {
		snprintf(reader->why, reader->size,
			 "line %zu of Bochs' text: %" PRId64 " instructions are missing before it",
			 number, (int64_t)ticks - 1);
		return false;
	}
	/* What was printed once took its ticks, or was begun again and took none. */
	if (reader->place == WITHIN && ticks > 1)
		add(reader, reader->before.address, ticks - 1);
	else if (reader->length && !ticks)
		reader->length--;
	reader->level = level_of(reader, line);
	add(reader, line->address, 1);
	reader->before = *line;
	if (reader->level == TRACE_GUEST && is(line, "rdtscp") &&
	    line->address - reader->opened < BRACKET_BYTES) {
		trace_keep(reader->trace, reader->sample, reader->length);
		reader->place = BEHIND;
	}
	return true;
}

static bool read_instruction(struct reader *reader, const char *text, size_t number)
{
	struct line line;

	if (reader->place == OFF || reader->place == BEHIND)
		return true;
	if (!parse_line(text, &line)) {
		snprintf(reader->why, reader->size,
			 "line %zu of Bochs' text is no instruction: %.60s", number, text);
		return false;
	}
	if (reader->place == WITHIN)
		return take(reader, &line, number);
	if (is(&line, "rdtsc")) {
		reader->place = WITHIN;
		reader->level = TRACE_GUEST;
		reader->length = 0;
		reader->opened = line.address;
		reader->before = line;
	}
	return true;
}

/* Between two marks there is a sample. */
static bool close_marks(struct reader *reader, size_t number)
{
	if (reader->place == WITHIN)
		snprintf(reader->why, reader->size,
			 "line %zu of Bochs' text: it ends within a sample", number);
	else if (reader->place == BEFORE)
		snprintf(reader->why, reader->size,
			 "line %zu of Bochs' text: no clock was read since the mark before",
			 number);
	if (reader->place == WITHIN || reader->place == BEFORE)
		return false;
	reader->place = OFF;
	return true;
}

static bool read_line(struct reader *reader, char *text, size_t number)
{
	text[strcspn(text, "\n")] = '\0';
	if (!strncmp(text, "(0).", 4))
		return read_instruction(reader, text, number);
	if (!strncmp(text, "Tracing enabled", 15))
		reader->place = BEFORE;
	else if (!strncmp(text, "Tracing disabled", 16))
		return close_marks(reader, number);
	return true; /* what else it says */
}

struct trace *trace_of_bochs(FILE *text, uint64_t vm_exit, char *why, size_t size)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct trace *trace = calloc(1, sizeof(*trace));
	char *line = NULL;
	size_t room = 0, number = 0;
	bool whole = reader && trace;

	if (!whole)
		snprintf(why, size, "no memory for a trace");
	if (whole) {
		*reader = (struct reader){
			.trace = trace, .vm_exit = vm_exit, .why = why, .size = size};
		memcpy(trace->magic, TRACE_MAGIC, sizeof(TRACE_MAGIC));
		trace->exits_count = 1;
	}
	while (whole && getline(&line, &room, text) > 0)
		whole = read_line(reader, line, ++number);
	if (whole)
		whole = close_marks(reader, number);
	if (whole && !trace->samples) {
		snprintf(why, size, "Bochs' text has no sample: was the guest asked for marks?");
		whole = false;
	}
	free(line);
	free(reader);
	if (!whole) {
		free(trace);
		trace = NULL;
	}
	return trace;
}
