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

#include "diagnose.h"
#include "exitcount.h"
#include "record.h"
#include "run.h"
#include "util.h"

#define POWER_OFF_S 30 /* from DONE to QEMU's end; an emulated host is slow */

/* How far a stream has come. */
struct watch {
	struct run *run;
	struct vm vm;
	int file; /* the archive's copy of the stream */
	struct record_header header;
	size_t have;	 /* bytes of header */
	uint64_t remain; /* payload bytes still to come */
	size_t info;	 /* bytes of INFO text so far */
	char phase[128]; /* what the guest did last, for people */
	bool started, done;
	struct exitcount *counter;
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

/* The timed pass is over: count the next one if that is possible. Returns the word for the guest.
 */
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
	watch->run->proof = exitcount_json(watch->counter);
	exitcount_close(watch->counter);
	watch->counter = NULL;
	return GO_END;
}

/* One record is whole: notes how far the guest is, and gives it the word to go on. */
static void take_record(struct watch *watch, const struct record *record)
{
	char go = GO_NEXT;

	if (!watch->started)
		watch->run->boot_ns = now_ns() - watch->begin_ns;
	watch->started = true;
	strcpy(watch->phase, "after ");
	record_describe(record, watch->phase + 6, sizeof(watch->phase) - 6);
	switch (record->header.kind) {
	case RECORD_ROW:
		if (exit_rows[record->row].path == PATH_QEMU)
			watch->run->qemu_bytes += record->header.executed;
		watch->run->tsc_khz = record->header.tsc_khz;
		break;
	case RECORD_PASS:
		go = record->header.pass == PASS_TIMED ? start_proof(watch) : end_proof(watch);
		break;
	case RECORD_DONE:
		watch->done = true;
		return;
	}
	progress(watch);
	send(watch->vm.record, &go, 1, MSG_NOSIGNAL);
}

/* Follows the stream through data. The checksums are the report's business. */
static void follow(struct watch *watch, const char *data, size_t size)
{
	static struct record record;
	char why[RECORD_WHY];

	while (size) {
		size_t part;

		if (watch->have < sizeof(watch->header)) {
			part = sizeof(watch->header) - watch->have;
			part = part < size ? part : size;
			memcpy((char *)&watch->header + watch->have, data, part);
			watch->have += part;
			if (watch->have < sizeof(watch->header))
				return;
			/* A header alone: MORE where a payload must follow, BAD where it is none.
			 */
			if (record_parse(&watch->header, sizeof(watch->header), &record, why) ==
			    RECORD_BAD) {
				FAIL(watch, RUN_FAILED, "the record stream is broken %s: %s",
				     watch->phase, why);
				return;
			}
			watch->remain = record.length - sizeof(watch->header);
		} else {
			part = watch->remain < size ? watch->remain : size;
			if (record.header.kind == RECORD_INFO) {
				memcpy(watch->run->info + watch->info, data, part);
				watch->info += part;
			}
			watch->remain -= part;
		}
		data += part;
		size -= part;
		if (!watch->remain) {
			watch->have = 0;
			take_record(watch, &record);
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

	qmp_receive(&watch->vm.qmp);
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

	if (watch->done && quiet < POWER_OFF_S)
		return;
	if (seconds_since(watch->begin_ns) >= watch->run->deadline_s)
		FAIL(watch, RUN_FAILED, "the deadline of %u s passed %s", watch->run->deadline_s,
		     watch->phase);
	else if (watch->done)
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

	if (watch->done)
		return;
	if (!vm_wait(&watch->vm, &status) && status.si_code != CLD_EXITED)
		snprintf(line, sizeof(line), "QEMU was killed by SIG%s",
			 sigabbrev_np(status.si_status) ?: "?");
	else
		diagnose_end(&watch->run->vm, line, sizeof(line));
	FAIL(watch, RUN_FAILED, "the guest ended %s: %s", watch->phase, line);
}

static bool interrupted(struct watch *watch)
{
	struct signalfd_siginfo signal;

	if (read(watch->run->signals, &signal, sizeof(signal)) != sizeof(signal))
		return false;
	FAIL(watch, RUN_INTERRUPTED, "interrupted by SIG%s %s",
	     sigabbrev_np(signal.ssi_signo) ?: "?", watch->phase);
	return true;
}

static void watch_guest(struct watch *watch)
{
	while (watch->run->outcome == RUN_DONE) {
		struct pollfd pollers[] = {
			{.fd = watch->run->signals, .events = POLLIN},
			{.fd = watch->vm.record, .events = POLLIN},
			{.fd = watch->vm.qmp.fd, .events = POLLIN},
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

	run->outcome = RUN_DONE;
	watch.file = open_stream(run);
	if (watch.file < 0) {
		FAIL(&watch, RUN_FAILED, "%s/%s.rec: %s", run->vm.directory, run->vm.name,
		     strerror(errno));
		return;
	}
	if (vm_start(&watch.vm, &run->vm, run->why, sizeof(run->why))) {
		char line[256];

		run->outcome = RUN_CANNOT;
		diagnose_log(&run->vm, line, sizeof(line));
		if (line[0])
			FAIL(&watch, RUN_CANNOT, "QEMU does not start: %s", line);
		close(watch.file);
		return;
	}
	run->command = json_incref(watch.vm.command);
	run->qemu_version = watch.vm.version ? strdup(watch.vm.version) : NULL;
	run->memory_locked = watch.vm.memory_locked;
	run->pinned = watch.vm.pinned;
	watch.begin_ns = watch.sign_of_life_ns = now_ns();
	if (vm_continue(&watch.vm))
		FAIL(&watch, RUN_FAILED, "QEMU did not start the guest");
	else
		watch_guest(&watch);
	exitcount_close(watch.counter);
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
	json_decref(run->command);
	free(run->qemu_version);
	run->proof = run->command = NULL;
	run->qemu_version = NULL;
}
