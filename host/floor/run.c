// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../card.h"
#include "../exitcount.h"
#include "../util.h"
#include "rows.h"

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static json_t *no_proof(const char *why)
{
	return json_pack("{s:s, s:s, s:s}", "schema", "exitlab-proof/1", "status", "unavailable",
			 "reason", why);
}

/* The second pass, with BPF counting this process's exits; the OUTBs it took are a third witness.
 */
static void prove(struct rows *rows)
{
	char why[256] = "the proof pass was not asked for";
	struct exitcount *counter = NULL;

	if (rows->run->prove)
		counter = exitcount_open(getpid(), EXITCOUNT_MARKERS | EXITCOUNT_LEAN, why,
					 sizeof(why));
	if (!counter) {
		rows->run->proof = no_proof(why);
		return;
	}
	rows_run(rows, PASS_PROOF);
	rows->run->proof = exitcount_json(counter);
	exitcount_close(counter);
	if (rows->sent)
		json_object_set_new(rows->run->proof, "check",
				    json_pack("{s:s, s:I, s:I}", "backend", "exitlab", "expected",
					      (json_int_t)rows->sent, "written",
					      (json_int_t)rows->taken));
}

static void time_rows(struct rows *rows, double begin)
{
	struct floor_run *run = rows->run;
	struct card_subject subject = {"", run->cpu, getpid(), syscall(SYS_gettid)};
	json_t *before = card_snapshot(&subject), *after;

	rows_run(rows, PASS_TIMED);
	run->timed_s = seconds() - begin;
	after = card_snapshot(&subject);
	run->card = card_difference(before, after);
	json_decref(before);
	json_decref(after);
}

/* This thread gets the CPU and, where that is isolated, the isolation: as QEMU's does in a boot. */
static void pin(struct floor_run *run)
{
	pid_t thread = syscall(SYS_gettid);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(run->cpu, &set);
	run->isolated = run->isolation && isolation_enter(run->isolation, getpid(), thread);
	if (run->isolation && !run->isolated)
		pr_warn("the vCPU could not enter %s: %s; it is not isolated",
			run->isolation->cgroup, strerror(errno));
	run->pinned = !sched_setaffinity(thread, sizeof(set), &set);
	if (run->isolation && run->isolation->fifo &&
	    sched_setscheduler(thread, SCHED_FIFO,
			       &(struct sched_param){.sched_priority = run->isolation->fifo}))
		pr_warn("the vCPU could not be given real-time priority %d: %s",
			run->isolation->fifo, strerror(errno));
}

/* What no row could do without, or the first reason of those that could not run. */
static void check_any_ran(struct rows *rows)
{
	for (int i = 0; i < EXIT_ROWS; i++)
		if (!rows->done.executed && rows->waived[i][0] && rows_selected(rows->run, i)) {
			ROWS_FAIL(rows, RUN_CANNOT, "no row can run on this KVM: %s",
				  rows->waived[i]);
			return;
		}
}

static void run_passes(struct rows *rows)
{
	struct floor_run *run = rows->run;
	double begin = seconds();
	char why[MACHINE_WHY], info[256];

	if (!rows_have_machine(rows, why)) {
		ROWS_FAIL(rows, RUN_CANNOT, "%s", why);
		return;
	}
	run->tsc_khz = rows->stream.tsc_khz = rows->machine.tsc_khz;
	run->memory_size = rows->machine.memory_size;
	run->memory_locked = rows->machine.memory_locked;
	snprintf(info, sizeof(info),
		 "program=exitlab floor\nwarmup=%u\n"
		 "contamination=none: the guest takes no interrupts\n",
		 run->warmup);
	stream_text(&rows->stream, RECORD_INFO, 0, 0, info);
	time_rows(rows, begin);
	if (run->outcome == RUN_DONE)
		check_any_ran(rows);
	if (run->outcome == RUN_DONE)
		prove(rows);
	stream_put(&rows->stream, rows->done, "");
}

/* The vCPU's thread. */
static void *be_vcpu(void *argument)
{
	struct rows *rows = argument;

	machine_catch_signals();
	pin(rows->run);
	run_passes(rows);
	return NULL;
}

/* A thread of its own, so that its CPU, its priority and its signals are not this process's. */
static void run_thread(struct rows *rows)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, be_vcpu, rows);

	if (error)
		ROWS_FAIL(rows, RUN_FAILED, "no thread for the vCPU: %s", strerror(error));
	else
		pthread_join(thread, NULL);
}

void floor_run(struct floor_run *run)
{
	struct rows *rows = malloc(sizeof(*rows));
	int error;

	if (!rows)
		die("no memory for the rows");
	rows_prepare(rows, run);
	run->outcome = RUN_DONE;
	stream_open(&rows->stream, run->directory, run->clock);
	run_thread(rows);
	error = stream_close(&rows->stream);
	if (error && run->outcome == RUN_DONE)
		ROWS_FAIL(rows, RUN_FAILED, "run.rec: %s", strerror(error));
	rows_free(rows);
	free(rows);
}

void floor_run_free(struct floor_run *run)
{
	json_decref(run->proof);
	json_decref(run->card);
}
