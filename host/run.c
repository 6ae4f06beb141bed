// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Watching one boot. The record stream goes to its file as it comes, and only its headers are
 * read on the way: they tell how far the guest is, when to start counting, and that it is done.
 * Everything that can end a boot otherwise has a name here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "card.h"
#include "card_counters.h"
#include "diagnose.h"
#include "exitcount.h"
#include "record.h"
#include "run.h"
#include "symbols.h"
#include "util.h"

#define POWER_OFF_S 30 /* from DONE to QEMU's end; an emulated host is slow */

/* How far a stream has come. */
struct watch {
	struct run *run;
	struct vm vm;
	int file; /* the archive's copy of the stream */
	struct record_header header;
	size_t have;		 /* bytes of header */
	struct record record;	 /* what the header says */
	uint64_t remain;	 /* payload bytes still to come */
	struct record_walk walk; /* the order of the stream; walk.done at its end */
	struct record_file seen;
	char phase[128]; /* what the guest did last, for people */
	bool started, monitor_gone;
	struct exitcount *counter;
	struct attached *attached;
	json_t *before;	       /* the card's first snapshot */
	json_int_t interrupts; /* of the vCPU's CPU when the guest got its last word */
	unsigned long long begin_ns, sign_of_life_ns;
};

/* Unslewed, so that under the insn clock one nanosecond is one instruction. */
static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static unsigned int seconds_since(unsigned long long then_ns)
{
	return (now_ns() - then_ns) / 1000000000;
}

#define FAIL(watch, result, format, ...)                                                           \
	do {                                                                                       \
		(watch)->run->outcome = (result);                                                  \
		snprintf((watch)->run->why, sizeof((watch)->run->why), format, ##__VA_ARGS__);     \
	} while (0)

/* Has a signal asked us to end? */
static bool interrupted(struct watch *watch)
{
	struct signalfd_siginfo signal;

	if (read(watch->run->signals, &signal, sizeof(signal)) != sizeof(signal))
		return false;
	FAIL(watch, RUN_INTERRUPTED, "interrupted by SIG%s %s",
	     sigabbrev_np(signal.ssi_signo) ?: "?", watch->phase);
	return true;
}

static void progress(const struct watch *watch)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s: %s", watch->run->vm.name, watch->phase);
}

static json_t *no_proof(const char *why)
{
	return json_pack("{s:s, s:s, s:s}", "schema", "exitlab-proof/1", "status", "unavailable",
			 "reason", why);
}

/* The timed pass is over: counts the next one if that can be done. The word for the guest. */
static char start_proof(struct watch *watch)
{
	char why[256] = "the proof pass was not asked for";

	if (watch->run->prove)
		watch->counter = exitcount_open(watch->vm.pid, EXITCOUNT_MARKERS | EXITCOUNT_LEAN,
						why, sizeof(why));
	if (watch->counter)
		return GO_PROOF;
	watch->run->proof = no_proof(why);
	return GO_END;
}

static char end_proof(struct watch *watch)
{
	if (!watch->counter) {
		FAIL(watch, RUN_FAILED, "the guest ran a proof pass that it was not told to run");
		return GO_END;
	}
	watch->run->proof = exitcount_json(watch->counter);
	exitcount_close(watch->counter);
	watch->counter = NULL;
	return GO_END;
}

/* The guest waits for our word: what disturbed it so far, or is to come, is not in the samples. */
static json_t *take_snapshot(const struct watch *watch)
{
	return card_snapshot(
		&(struct card_subject){"", watch->run->vm.cpu, watch->vm.pid, watch->vm.vcpu});
}

/*
 * Where time is instructions, an interrupt of the host is the only thing that makes a sample longer
 * without a trace in the guest. The guest waits for our word, so the counts are of the row.
 */
static void count_interrupts(struct watch *watch)
{
	const struct record *record = &watch->record;
	json_int_t now;

	if (record->header.clock != CLOCK_INSN || watch->run->proof || watch->counter)
		return;
	now = card_interrupts(watch->run->vm.cpu);
	if (now < 0)
		return;
	if (!watch->run->host_interrupts)
		watch->run->host_interrupts = json_object();
	if (record->header.kind == RECORD_ROW)
		json_object_set_new(watch->run->host_interrupts, exit_rows[record->row].id,
				    json_integer(now - watch->interrupts));
	watch->interrupts = now;
}

static void begin_timed(struct watch *watch)
{
	const char *name = watch->run->attach;
	char why[300];

	if (name && !(watch->attached = attach_begin(name, watch->vm.pid, why, sizeof(why))))
		FAIL(watch, RUN_CANNOT, "%s", why);
	if (watch->run->symbols &&
	    symbols_save(watch->run->vm.directory, watch->run->vm.name, watch->vm.pid))
		FAIL(watch, RUN_FAILED, "the symbols could not be kept");
	watch->before = take_snapshot(watch);
}

static char end_timed(struct watch *watch)
{
	json_t *after = take_snapshot(watch);
	char why[300];

	watch->run->card = card_difference(watch->before, after);
	json_decref(after);
	if (attach_end(watch->attached, why, sizeof(why)))
		FAIL(watch, RUN_FAILED, "%s", why);
	watch->attached = NULL;
	return start_proof(watch);
}

/* One record is whole: notes how far the guest is, and gives it the word to go on. */
static void take_record(struct watch *watch)
{
	const struct record *record = &watch->record;
	char go = GO_NEXT;

	if (!watch->started)
		watch->run->boot_ns = now_ns() - watch->begin_ns;
	watch->started = true;
	strcpy(watch->phase, "after ");
	record_describe(record, watch->phase + 6, sizeof(watch->phase) - 6);
	switch (record->header.kind) {
	case RECORD_ROW:
		if (exit_rows[record->row].debugcon)
			watch->run->qemu_bytes += record->header.executed;
		watch->run->tsc_khz = record->header.tsc_khz;
		break;
	case RECORD_INFO:
		begin_timed(watch);
		break;
	case RECORD_PASS:
		go = record->header.pass == PASS_TIMED ? end_timed(watch) : end_proof(watch);
		break;
	case RECORD_DONE:
		return;
	}
	count_interrupts(watch);
	progress(watch);
	send(watch->vm.record, &go, 1, MSG_NOSIGNAL);
}

/* A header is whole: is it one, and may it come now? Checksums are the report's business. */
static bool take_header(struct watch *watch)
{
	char why[RECORD_WHY];

	/* A header alone is MORE where a payload must follow. */
	if (record_parse(&watch->header, sizeof(watch->header), &watch->record, why) !=
		    RECORD_BAD &&
	    record_walk_step(&watch->walk, &watch->record, why) == RECORD_OK) {
		watch->remain = watch->record.length - sizeof(watch->header);
		return true;
	}
	FAIL(watch, RUN_FAILED, "the record stream is broken %s: %s", watch->phase, why);
	return false;
}

/* Takes what belongs to the header, or else to its payload; keeps INFO. Returns the bytes taken. */
static size_t take_part(struct watch *watch, const char *data, size_t size)
{
	size_t part;

	if (watch->have < sizeof(watch->header)) {
		part = sizeof(watch->header) - watch->have;
		part = part < size ? part : size;
		memcpy((char *)&watch->header + watch->have, data, part);
		watch->have += part;
		return part;
	}
	part = watch->remain < size ? watch->remain : size;
	if (watch->record.header.kind == RECORD_INFO)
		memcpy(watch->run->info + watch->record.header.count - watch->remain, data, part);
	watch->remain -= part;
	return part;
}

/* Follows the stream through data. */
static void follow(struct watch *watch, const char *data, size_t size)
{
	while (size && watch->run->outcome == RUN_DONE) {
		bool in_header = watch->have < sizeof(watch->header);
		size_t part = take_part(watch, data, size);

		data += part;
		size -= part;
		if (watch->have < sizeof(watch->header))
			return;
		if (in_header && !take_header(watch))
			return;
		if (!watch->remain) {
			watch->have = 0;
			take_record(watch);
		}
	}
}

/* Takes what has come into the file and follows it. False at the stream's end. */
static bool read_stream(struct watch *watch)
{
	char data[65536];
	ssize_t got = recv(watch->vm.record, data, sizeof(data), MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	watch->sign_of_life_ns = now_ns();
	for (ssize_t done = 0; done < got;) {
		ssize_t wrote = write(watch->file, data + done, got - done);

		if (wrote < 0) {
			FAIL(watch, RUN_FAILED, "%s.rec: %s", watch->run->vm.name, strerror(errno));
			return true;
		}
		done += wrote;
	}
	follow(watch, data, got);
	return got > 0;
}

/* QEMU stopped the machine by itself: ask why. */
static void stopped(struct watch *watch)
{
	char state[64], line[256];

	vm_state(&watch->vm, state, sizeof(state));
	if (!strcmp(state, "internal-error")) {
		diagnose_log(&watch->run->vm, line, sizeof(line));
		FAIL(watch, watch->started ? RUN_FAILED : RUN_CANNOT,
		     "KVM cannot run the guest: internal-error %s%s%s", watch->phase,
		     line[0] ? ": " : "", line);
	} else if (strcmp(state, "running") && strcmp(state, "gone") && strcmp(state, "shutdown")) {
		FAIL(watch, RUN_FAILED, "QEMU stopped the guest %s: run state %s", watch->phase,
		     state);
	}
}

static void read_events(struct watch *watch)
{
	json_t *event;

	if (qmp_receive(&watch->vm.qmp))
		watch->monitor_gone = true;
	while ((event = qmp_event(&watch->vm.qmp))) {
		if (!strcmp(json_string_value(json_object_get(event, "event")) ?: "", "STOP"))
			stopped(watch);
		json_decref(event);
	}
}

static void check_time(struct watch *watch)
{
	unsigned int quiet = seconds_since(watch->sign_of_life_ns);
	unsigned int allowed = watch->started ? watch->run->silence_s : watch->run->first_s;

	if (watch->walk.done && quiet < POWER_OFF_S)
		return;
	if (seconds_since(watch->begin_ns) >= watch->run->deadline_s)
		FAIL(watch, RUN_FAILED, "the deadline of %u s passed %s", watch->run->deadline_s,
		     watch->phase);
	else if (watch->walk.done)
		FAIL(watch, RUN_FAILED, "the guest did not power off within %u s of DONE", quiet);
	else if (quiet >= allowed)
		FAIL(watch, watch->started ? RUN_FAILED : RUN_CANNOT,
		     "silence: nothing came from the guest for %u s %s", quiet, watch->phase);
}

/* QEMU ended. After DONE that is right; before, the console or the log says what happened. */
static void ended(struct watch *watch)
{
	char line[300];
	siginfo_t status = {0};

	if (watch->walk.done)
		return;
	if (!vm_wait(&watch->vm, &status) && status.si_code != CLD_EXITED)
		snprintf(line, sizeof(line), "QEMU was killed by SIG%s",
			 sigabbrev_np(status.si_status) ?: "?");
	else
		diagnose_end(&watch->run->vm, line, sizeof(line));
	FAIL(watch, RUN_FAILED, "the guest ended %s: %s", watch->phase, line);
}

static void watch_guest(struct watch *watch)
{
	while (watch->run->outcome == RUN_DONE) {
		struct pollfd pollers[] = {
			{.fd = watch->run->signals, .events = POLLIN},
			{.fd = watch->vm.record, .events = POLLIN},
			{.fd = watch->monitor_gone ? -1 : watch->vm.qmp.fd, .events = POLLIN},
		};

		read_events(watch); /* some may have come with the reply to a command */
		if (watch->run->outcome != RUN_DONE)
			return;
		poll(pollers, ARRAY_SIZE(pollers), 1000);
		if (pollers[0].revents && interrupted(watch))
			return;
		if (pollers[1].revents && !read_stream(watch))
			return ended(watch);
		if (watch->run->outcome == RUN_DONE)
			check_time(watch);
	}
}

static int open_stream(const struct run *run)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.rec", run->vm.directory, run->vm.name);
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

void run_guest(struct run *run)
{
	struct watch watch = {.run = run, .phase = "before its first record"};

	record_walk_begin(&watch.walk, &watch.seen);

	run->outcome = RUN_DONE;
	watch.file = open_stream(run);
	if (watch.file < 0) {
		FAIL(&watch, RUN_FAILED, "%s/%s.rec: %s", run->vm.directory, run->vm.name,
		     strerror(errno));
		return;
	}
	run->vm.cancel = run->signals;
	if (vm_start(&watch.vm, &run->vm, run->why, sizeof(run->why))) {
		bool missing = errno == ENOENT;
		char line[256];

		/* KVM may be what it does not start with; then this machine cannot. */
		run->outcome = missing || !strcmp(run->vm.accel, "kvm") ? RUN_CANNOT : RUN_FAILED;
		diagnose_log(&run->vm, line, sizeof(line));
		if (!interrupted(&watch) && line[0])
			FAIL(&watch, run->outcome, "QEMU does not start: %s", line);
		close(watch.file);
		return;
	}
	run->command = json_incref(watch.vm.command);
	run->qemu_version = watch.vm.version ? strdup(watch.vm.version) : NULL;
	run->memory_locked = watch.vm.memory_locked;
	run->pinned = watch.vm.pinned;
	run->isolated = watch.vm.isolated;
	watch.begin_ns = watch.sign_of_life_ns = now_ns();
	if (vm_continue(&watch.vm) && !interrupted(&watch))
		FAIL(&watch, RUN_FAILED, "QEMU did not start the guest");
	watch_guest(&watch);
	json_decref(watch.before);
	exitcount_close(watch.counter);
	attach_end(watch.attached, run->why, 0);
	vm_stop(&watch.vm);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (fsync(watch.file) | close(watch.file) && run->outcome == RUN_DONE)
		FAIL(&watch, RUN_FAILED, "%s.rec: %s", run->vm.name, strerror(errno));
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
