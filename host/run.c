// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One run of VM exits. Only the headers of the record stream are read as they come: they tell how
 * far the guest is, when to start counting, and that it is done.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "attach.h"
#include "card.h"
#include "card_counters.h"
#include "exitcount.h"
#include "record.h"
#include "run.h"
#include "symbols.h"
#include "util.h"
#include "watch.h"

/* How far a stream has come. */
struct exits {
	struct watch watch;
	struct record_header header;
	size_t have;		 /* bytes of header */
	struct record record;	 /* what the header says */
	uint64_t remain;	 /* payload bytes still to come */
	struct record_walk walk; /* the order of the stream; walk.done at its end */
	struct record_file seen;
	struct exitcount *counter;
	struct attached *attached;
	json_t *before;	       /* the card's first snapshot */
	json_int_t interrupts; /* of the vCPU's CPU when the guest got its last word */
};

static json_t *no_proof(const char *why)
{
	return json_pack("{s:s, s:s, s:s}", "schema", "exitlab-proof/1", "status", "unavailable",
			 "reason", why);
}

/* The timed pass is over: counts the next one if that can be done. The word for the guest. */
static char start_proof(struct exits *exits)
{
	char why[256] = "the proof pass was not asked for";

	if (exits->watch.run->prove)
		exits->counter = exitcount_open(
			exits->watch.vm.pid, EXITCOUNT_MARKERS | EXITCOUNT_LEAN, why, sizeof(why));
	if (exits->counter)
		return GO_PROOF;
	exits->watch.run->proof = no_proof(why);
	return GO_END;
}

static char end_proof(struct exits *exits)
{
	if (!exits->counter) {
		WATCH_FAIL(&exits->watch, RUN_FAILED,
			   "the guest ran a proof pass that it was not told to run");
		return GO_END;
	}
	exits->watch.run->proof = exitcount_json(exits->counter);
	exitcount_close(exits->counter);
	exits->counter = NULL;
	return GO_END;
}

/* The guest waits for our word: what disturbed it so far, or is to come, is not in the samples. */
static json_t *take_snapshot(const struct exits *exits)
{
	return card_snapshot(&(struct card_subject){"", exits->watch.run->vm.cpu,
						    exits->watch.vm.pid, exits->watch.vm.vcpu});
}

/*
 * Where time is instructions, an interrupt of the host is the only thing that makes a sample longer
 * without a trace in the guest. The guest waits for our word, so the counts are of the row.
 */
static void count_interrupts(struct exits *exits)
{
	const struct record *record = &exits->record;
	json_int_t now;

	if (record->header.clock != CLOCK_INSN || exits->watch.run->proof || exits->counter)
		return;
	now = card_interrupts(exits->watch.run->vm.cpu);
	if (now < 0)
		return;
	if (!exits->watch.run->host_interrupts)
		exits->watch.run->host_interrupts = json_object();
	if (record->header.kind == RECORD_ROW)
		json_object_set_new(exits->watch.run->host_interrupts, exit_rows[record->row].id,
				    json_integer(now - exits->interrupts));
	exits->interrupts = now;
}

static void begin_timed(struct exits *exits)
{
	const char *name = exits->watch.run->attach;
	char why[300];

	if (name && !(exits->attached = attach_begin(name, exits->watch.vm.pid, why, sizeof(why))))
		WATCH_FAIL(&exits->watch, RUN_CANNOT, "%s", why);
	if (exits->watch.run->symbols &&
	    symbols_save(exits->watch.run->vm.directory, exits->watch.run->vm.name,
			 exits->watch.vm.pid))
		WATCH_FAIL(&exits->watch, RUN_FAILED, "the symbols could not be kept");
	exits->before = take_snapshot(exits);
}

static char end_timed(struct exits *exits)
{
	json_t *after = take_snapshot(exits);
	char why[300];

	exits->watch.run->card = card_difference(exits->before, after);
	json_decref(after);
	if (attach_end(exits->attached, why, sizeof(why)))
		WATCH_FAIL(&exits->watch, RUN_FAILED, "%s", why);
	exits->attached = NULL;
	return start_proof(exits);
}

/* One record is whole: notes how far the guest is, and gives it the word to go on. */
static void take_record(struct exits *exits)
{
	const struct record *record = &exits->record;
	char go = GO_NEXT;

	if (!exits->watch.started)
		exits->watch.run->boot_ns = watch_now_ns() - exits->watch.begin_ns;
	exits->watch.started = true;
	strcpy(exits->watch.phase, "after ");
	record_describe(record, exits->watch.phase + 6, sizeof(exits->watch.phase) - 6);
	switch (record->header.kind) {
	case RECORD_ROW:
		if (exit_rows[record->row].debugcon)
			exits->watch.run->qemu_bytes += record->header.executed;
		exits->watch.run->tsc_khz = record->header.tsc_khz;
		break;
	case RECORD_INFO:
		begin_timed(exits);
		break;
	case RECORD_PASS:
		go = record->header.pass == PASS_TIMED ? end_timed(exits) : end_proof(exits);
		break;
	case RECORD_DONE:
		return;
	}
	count_interrupts(exits);
	watch_progress(&exits->watch);
	send(exits->watch.vm.record, &go, 1, MSG_NOSIGNAL);
}

/* A header is whole: is it one, and may it come now? Checksums are the report's business. */
static bool take_header(struct exits *exits)
{
	char why[RECORD_WHY];

	/* A header alone is MORE where a payload must follow. */
	if (record_parse(&exits->header, sizeof(exits->header), &exits->record, why) !=
		    RECORD_BAD &&
	    record_walk_step(&exits->walk, &exits->record, why) == RECORD_OK) {
		exits->watch.done = exits->walk.done;
		exits->remain = exits->record.length - sizeof(exits->header);
		return true;
	}
	WATCH_FAIL(&exits->watch, RUN_FAILED, "the record stream is broken %s: %s",
		   exits->watch.phase, why);
	return false;
}

/* Takes what belongs to the header, or else to its payload; keeps INFO. Returns the bytes taken. */
static size_t take_part(struct exits *exits, const char *data, size_t size)
{
	size_t part;

	if (exits->have < sizeof(exits->header)) {
		part = sizeof(exits->header) - exits->have;
		part = part < size ? part : size;
		memcpy((char *)&exits->header + exits->have, data, part);
		exits->have += part;
		return part;
	}
	part = exits->remain < size ? exits->remain : size;
	if (exits->record.header.kind == RECORD_INFO)
		memcpy(exits->watch.run->info + exits->record.header.count - exits->remain, data,
		       part);
	exits->remain -= part;
	return part;
}

/* Follows the stream through data. */
static void follow(struct watch *watch, const char *data, size_t size)
{
	struct exits *exits = (struct exits *)watch;

	while (size && exits->watch.run->outcome == RUN_DONE) {
		bool in_header = exits->have < sizeof(exits->header);
		size_t part = take_part(exits, data, size);

		data += part;
		size -= part;
		if (exits->have < sizeof(exits->header))
			return;
		if (in_header && !take_header(exits))
			return;
		if (!exits->remain) {
			exits->have = 0;
			take_record(exits);
		}
	}
}

void run_guest(struct run *run)
{
	struct exits exits = {.watch = {.run = run, .follow = follow}};

	record_walk_begin(&exits.walk, &exits.seen);
	if (watch_begin(&exits.watch))
		return;
	watch_guest(&exits.watch);
	json_decref(exits.before);
	exitcount_close(exits.counter);
	attach_end(exits.attached, run->why, 0);
	watch_end(&exits.watch);
	if (run->outcome != RUN_DONE) {
		json_decref(run->proof);
		run->proof = NULL;
	}
}

void run_free(struct run *run)
{
	json_decref(run->proof);
	json_decref(run->card);
	json_decref(run->host_interrupts);
	json_decref(run->command);
	free(run->qemu_version);
	run->proof = run->card = run->command = NULL;
	run->qemu_version = NULL;
}
