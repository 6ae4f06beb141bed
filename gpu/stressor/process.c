// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A process of the stressor: a context, threads, and in the end a report. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "worker.h"

/* All of it, or the parent is gone and with it the reader. */
static void send_whole(int fd, const void *data, size_t size)
{
	for (const char *at = data; size;) {
		ssize_t sent = write(fd, at, size);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			_exit(1);
		at += sent;
		size -= sent;
	}
}

__attribute__((format(printf, 3, 4))) static _Noreturn void refuse(int fd, int status,
								   const char *format, ...)
{
	struct hello hello = {.status = status};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(hello.why, sizeof(hello.why), format, arguments);
	va_end(arguments);
	send_whole(fd, &hello, sizeof(hello));
	_exit(status);
}

/* The driver, the device, what it must be able to, a context; the name of the device. */
static void open_device(struct process *process, int fd, char name[256])
{
	const struct way *way = process->plan->way;
	const char *why = driver_open(process->plan->libcuda);
	int count = 0, able = 1;
	CUdevice device;
	CUresult error;

	if (why)
		refuse(fd, 77, "%s", why);
	error = cu.Init(0);
	if (!error)
		error = cu.DeviceGetCount(&count) ?: count ? 0 : CUDA_ERROR_NO_DEVICE;
	if (!error)
		error = cu.DeviceGet(&device, 0);
	if (error)
		refuse(fd, 77, "no NVIDIA GPU: %s; nvidia-smi -L lists them", driver_error(error));
	cu.DeviceGetName(name, 255, device);
	if (way->attribute)
		cu.DeviceGetAttribute(&able, way->attribute, device);
	if (!able)
		refuse(fd, 77, "this device has no memory of the kind --%s asks for", way->name);
	error = cu.CtxCreate(&process->context, 0, device);
	if (error)
		refuse(fd, 1, "no context: %s", driver_error(error));
}

static size_t rounded_up(size_t bytes, size_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

/* How large an allocation is, and one that no device has the memory for. */
static void choose_sizes(struct process *process, int fd)
{
	const CUmemAllocationProp physical = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location.type = CU_MEM_LOCATION_TYPE_DEVICE,
	};
	size_t unit = 1, available, total;
	CUresult error = cu.MemGetInfo(&available, &total);

	if (!error && process->plan->way == &way_vmm)
		error = cu.MemGetAllocationGranularity(&unit, &physical,
						       CU_MEM_ALLOC_GRANULARITY_MINIMUM);
	if (error)
		refuse(fd, 1, "no sizes of memory: %s", driver_error(error));
	process->bytes = rounded_up(process->plan->bytes, unit);
	process->beyond = rounded_up(16 * total, unit);
}

static void start_threads(struct process *process, int fd)
{
	const struct plan *plan = process->plan;

	process->allocating = plan->threads;
	for (unsigned int i = 0; i < plan->threads; i++) {
		struct worker *worker = &process->workers[i];

		worker->process = process;
		worker->index = i;
		worker->random = plan->seed * 1000003 + process->index * THREADS_MOST + i;
		worker->held = calloc(plan->hold ?: 1, sizeof(*worker->held));
		errno = worker->held ? pthread_create(&worker->thread, NULL, worker_main, worker)
				     : ENOMEM;
		if (errno)
			refuse(fd, 1, "thread %u does not start: %m", i);
		while (!worker->tid)
			usleep(100);
	}
}

static void gather(const struct process *process, struct report *report)
{
	for (unsigned int i = 0; i < process->plan->threads; i++) {
		const struct worker *worker = &process->workers[i];

		report->threads[i] = worker->tid;
		report->totals.allocations += worker->totals.allocations;
		report->totals.frees += worker->totals.frees;
		report->totals.cross_frees += worker->totals.cross_frees;
		report->totals.failed_allocations += worker->totals.failed_allocations;
		report->totals.failed_frees += worker->totals.failed_frees;
		report->totals.allocated_bytes += worker->totals.allocated_bytes;
		report->totals.freed_bytes += worker->totals.freed_bytes;
		report->totals.unexpected += worker->totals.unexpected;
		latency_merge(&report->allocate, &worker->allocate);
		latency_merge(&report->release, &worker->release);
		if (report->end < worker->end)
			report->end = worker->end;
	}
	report->peak_bytes = process->level.peak;
	report->died = process->dying;
	memcpy(report->what, process->what, sizeof(report->what));
}

_Noreturn void process_main(const struct plan *plan, struct shared *shared, unsigned int index,
			    int fd)
{
	static struct process process = {.lock = PTHREAD_MUTEX_INITIALIZER};
	static struct hello hello;
	static struct report report;

	/* The parent hears what a terminal sends, and is not outlived. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_TIMERSLACK, 1); /* ns: a late event is not on time */
	dup2(2, 1);		     /* what a library has to say is no part of the truth */
	process.plan = plan;
	process.shared = shared;
	process.index = index;
	open_device(&process, fd, hello.why);
	choose_sizes(&process, fd);
	start_threads(&process, fd);
	hello.bytes = process.bytes;
	send_whole(fd, &hello, sizeof(hello));
	for (unsigned int i = 0; i < plan->threads; i++)
		pthread_join(process.workers[i].thread, NULL);
	if (!process.dying)
		cu.CtxSynchronize(); /* frees that the device does in its time are done */
	gather(&process, &report);
	send_whole(fd, &report, sizeof(report));
	close(fd);
	if (process.dying)
		kill(getpid(), SIGKILL);
	phase_wait(shared, PHASE_GOING, monotonic_ns() + (uint64_t)(plan->linger * 1e9));
	_exit(0);
}
