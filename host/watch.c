// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The record stream goes to its file as it comes. Everything that can end a boot before the
 * stream's end has a name here.
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
#include "util.h"
#include "watch.h"

#define POWER_OFF_S 30 /* from DONE to QEMU's end; an emulated host is slow */

/* Unslewed, so that under the insn clock one nanosecond is one instruction. */
unsigned long long watch_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static unsigned int seconds_since(unsigned long long then_ns)
{
	return (watch_now_ns() - then_ns) / 1000000000;
}

/* Has a signal asked us to end? */
static bool interrupted(struct watch *watch)
{
	struct signalfd_siginfo signal;

	if (read(watch->run->signals, &signal, sizeof(signal)) != sizeof(signal))
		return false;
	WATCH_FAIL(watch, RUN_INTERRUPTED, "interrupted by SIG%s %s",
		   sigabbrev_np(signal.ssi_signo) ?: "?", watch->phase);
	return true;
}

void watch_progress(const struct watch *watch)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s: %s", watch->run->vm.name, watch->phase);
}

/* Takes what has come into the file and has it followed. False at the stream's end. */
static bool read_stream(struct watch *watch)
{
	char data[65536];
	ssize_t got = recv(watch->vm.record, data, sizeof(data), MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	watch->sign_of_life_ns = watch_now_ns();
	for (ssize_t done = 0; done < got;) {
		ssize_t wrote = write(watch->file, data + done, got - done);

		if (wrote < 0) {
			WATCH_FAIL(watch, RUN_FAILED, "%s.rec: %s", watch->run->vm.name,
				   strerror(errno));
			return true;
		}
		done += wrote;
	}
	watch->follow(watch, data, got);
	return got > 0;
}

/* QEMU stopped the machine by itself: ask why. */
static void stopped(struct watch *watch)
{
	char state[64], line[256];

	vm_state(&watch->vm, state, sizeof(state));
	if (!strcmp(state, "internal-error")) {
		diagnose_log(&watch->run->vm, line, sizeof(line));
		WATCH_FAIL(watch, watch->started ? RUN_FAILED : RUN_CANNOT,
			   "KVM cannot run the guest: internal-error %s%s%s", watch->phase,
			   line[0] ? ": " : "", line);
	} else if (strcmp(state, "running") && strcmp(state, "gone") && strcmp(state, "shutdown")) {
		WATCH_FAIL(watch, RUN_FAILED, "QEMU stopped the guest %s: run state %s",
			   watch->phase, state);
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

	if (watch->done && quiet < POWER_OFF_S)
		return;
	if (seconds_since(watch->begin_ns) >= watch->run->deadline_s)
		WATCH_FAIL(watch, RUN_FAILED, "the deadline of %u s passed %s",
			   watch->run->deadline_s, watch->phase);
	else if (watch->done)
		WATCH_FAIL(watch, RUN_FAILED, "the guest did not power off within %u s of DONE",
			   quiet);
	else if (quiet >= allowed)
		WATCH_FAIL(watch, watch->started ? RUN_FAILED : RUN_CANNOT,
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
	WATCH_FAIL(watch, RUN_FAILED, "the guest ended %s: %s", watch->phase, line);
}

void watch_guest(struct watch *watch)
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

/* QEMU did not start: why, and is it this machine that cannot? */
static void not_started(struct watch *watch, bool missing)
{
	struct run *run = watch->run;
	char line[256];

	/* KVM may be what it does not start with; then this machine cannot. */
	run->outcome = missing || !strcmp(run->vm.accel, "kvm") ? RUN_CANNOT : RUN_FAILED;
	diagnose_log(&run->vm, line, sizeof(line));
	if (!interrupted(watch) && line[0])
		WATCH_FAIL(watch, run->outcome, "QEMU does not start: %s", line);
}

int watch_begin(struct watch *watch)
{
	unsigned long long start_ns = watch_now_ns();
	struct run *run = watch->run;

	run->outcome = RUN_DONE;
	strcpy(watch->phase, "before its first record");
	watch->file = open_stream(run);
	if (watch->file < 0) {
		WATCH_FAIL(watch, RUN_FAILED, "%s/%s.rec: %s", run->vm.directory, run->vm.name,
			   strerror(errno));
		return -1;
	}
	run->vm.cancel = run->signals;
	if (vm_start(&watch->vm, &run->vm, run->why, sizeof(run->why))) {
		not_started(watch, errno == ENOENT);
		close(watch->file);
		return -1;
	}
	run->command = json_incref(watch->vm.command);
	run->qemu_version = watch->vm.version ? strdup(watch->vm.version) : NULL;
	run->memory_locked = watch->vm.memory_locked;
	run->pinned = watch->vm.pinned;
	run->isolated = watch->vm.isolated;
	watch->begin_ns = watch->sign_of_life_ns = watch_now_ns();
	run->start_ns = watch->begin_ns - start_ns;
	if (vm_continue(&watch->vm) && !interrupted(watch))
		WATCH_FAIL(watch, RUN_FAILED, "QEMU did not start the guest");
	return 0;
}

void watch_end(struct watch *watch)
{
	vm_stop(&watch->vm);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (fsync(watch->file) | close(watch->file) && watch->run->outcome == RUN_DONE)
		WATCH_FAIL(watch, RUN_FAILED, "%s.rec: %s", watch->run->vm.name, strerror(errno));
}
