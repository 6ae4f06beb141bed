// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gpumem_openmetrics.h"
#include "gpumem_text.h"
#include "json_file.h"
#include "util.h"
#include "version.h"

#define PREFIX "exitlab_gpumem_"

/* A counter's lines end in _total; what has a unit ends in it. */
static const struct family {
	const char *name, *unit, *help;
	size_t member; /* of struct gpumem_counts */
	bool counter;
	bool of_ended; /* of processes that run it is 0 */
	bool by_device;
} families[] = {
#define FAMILY(name, unit, counter, of_ended, by_device, member, help)                             \
	{                                                                                          \
		name, unit, help, offsetof(struct gpumem_counts, member), counter, of_ended,       \
			by_device,                                                                 \
	}
	FAMILY("allocations", NULL, true, false, true, allocations, "Allocations that succeeded."),
	FAMILY("frees", NULL, true, false, true, frees, "Frees that succeeded."),
	FAMILY("failed_allocations", NULL, true, false, false, failed_allocations,
	       "Allocations that the driver refused."),
	FAMILY("failed_frees", NULL, true, false, false, failed_frees,
	       "Frees that the driver refused."),
	FAMILY("unknown_frees", NULL, true, false, false, unknown_frees,
	       "Frees of pointers whose allocation was not seen."),
	FAMILY("allocated_bytes", "bytes", true, false, true, allocated_bytes, "Bytes allocated."),
	FAMILY("freed_bytes", "bytes", true, false, true, freed_bytes, "Bytes freed."),
	FAMILY("live_pointers", NULL, false, false, true, live, "Pointers that are live now."),
	FAMILY("live_bytes", "bytes", false, false, true, live_bytes, "Bytes that are live now."),
	FAMILY("peak_live_bytes", "bytes", false, false, true, peak_bytes,
	       "The most bytes that were live."),
	FAMILY("leaked_pointers", NULL, true, true, true, leaked,
	       "Pointers that were live when their process ended."),
	FAMILY("leaked_bytes", "bytes", true, true, true, leaked_bytes,
	       "Bytes that were live when their process ended."),
	FAMILY("taken_back_pointers", NULL, true, false, true, taken_back,
	       "Pointers that were live when their context ended."),
	FAMILY("taken_back_bytes", "bytes", true, false, true, taken_back_bytes,
	       "Bytes that were live when their context ended."),
#undef FAMILY
};

static void put_family(FILE *out, const char *name, const char *type, const char *unit,
		       const char *help)
{
	fprintf(out, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(out, "# UNIT %s %s\n", name, unit);
	fprintf(out, "# HELP %s %s\n", name, help);
}

static void put_label(FILE *out, const char *name, const char *text)
{
	json_t *printable = json_printable(text); /* which has no newline */

	fprintf(out, "%s=\"", name);
	for (const char *at = json_string_value(printable); at && *at; at++) {
		if (*at == '"' || *at == '\\')
			fputc('\\', out);
		fputc(*at, out);
	}
	fputc('"', out);
	json_decref(printable);
}

static uint64_t value_of(const struct gpumem_counts *counts, const struct family *family)
{
	return *(const uint64_t *)((const char *)counts + family->member);
}

static void put_devices(FILE *out, const struct family *family, const struct gpumem_device *first)
{
	const char *suffix = family->counter ? "_total" : "";
	char name[64], device[8];

	snprintf(name, sizeof(name), PREFIX "device_%s", family->name);
	put_family(out, name, family->counter ? "counter" : "gauge", family->unit, family->help);
	for (const struct gpumem_device *one = first; one; one = one->next)
		fprintf(out, "%s%s{device=\"%s\"} %" PRIu64 "\n", name, suffix,
			gpumem_device_name(one->number, device), value_of(&one->counts, family));
}

/* The same of all, of devices, and of single processes. */
static void put_counts(FILE *out, const struct family *family,
		       const struct gpumem_accounts *accounts, const struct gpumem_account **listed,
		       size_t number)
{
	const char *type = family->counter ? "counter" : "gauge";
	const char *suffix = family->counter ? "_total" : "";
	char name[64];

	snprintf(name, sizeof(name), PREFIX "%s", family->name);
	put_family(out, name, type, family->unit, family->help);
	fprintf(out, "%s%s %" PRIu64 "\n", name, suffix, value_of(&accounts->total, family));
	if (family->by_device && accounts->devices)
		put_devices(out, family, accounts->devices);
	if (family->of_ended)
		return;
	snprintf(name, sizeof(name), PREFIX "process_%s", family->name);
	put_family(out, name, type, family->unit, family->help);
	for (size_t i = 0; i < number; i++) {
		fprintf(out, "%s%s{pid=\"%u\",", name, suffix, listed[i]->process);
		put_label(out, "comm", listed[i]->name);
		fprintf(out, "} %" PRIu64 "\n", value_of(&listed[i]->counts, family));
	}
}

static void put_gauge(FILE *out, const char *name, const char *unit, uint64_t value,
		      const char *help)
{
	put_family(out, name, "gauge", unit, help);
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

/* Sums of what is not listed go up and down as processes come into the list: no counters. */
static void put_others(FILE *out, const struct gpumem_accounts *accounts,
		       const struct gpumem_account **listed, size_t number)
{
	uint64_t running = 0, pointers = accounts->total.live, bytes = accounts->total.live_bytes;

	for (const struct gpumem_account *one = accounts->first; one; one = one->next)
		running += one->state == GPUMEM_RUNNING;
	for (size_t i = 0; i < number; i++) {
		pointers -= listed[i]->counts.live;
		bytes -= listed[i]->counts.live_bytes;
	}
	put_gauge(out, PREFIX "processes", NULL, running, "Processes that run and have called.");
	put_gauge(out, PREFIX "other_processes", NULL, running - number,
		  "Those of them without lines of their own.");
	put_gauge(out, PREFIX "other_live_pointers", NULL, pointers, "Their live pointers.");
	put_gauge(out, PREFIX "other_live_bytes", "bytes", bytes, "Their live bytes.");
}

static void put_lost(FILE *out, const struct gpumem_lost *lost)
{
	put_family(out, PREFIX "lost", "counter", NULL,
		   "Calls, and live pointers, that are in no other number.");
#define LOST(name, member)                                                                         \
	fprintf(out, PREFIX "lost_total{what=\"" #name "\"} %" PRIu64 "\n", lost->member);
	GPUMEM_LOST(LOST)
#undef LOST
}

static uint64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t pages = 0;

	if (file && fscanf(file, "%*u %" SCNu64, &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

/* The tracer itself; the last two by the names that every exporter has them by. */
static void put_tracer(FILE *out, const struct gpumem_openmetrics *figures)
{
	struct rusage usage;

	put_family(out, PREFIX "trace", "info", NULL, "What is traced, and how.");
	fprintf(out, PREFIX "trace_info{");
	put_label(out, "libcuda", figures->libcuda);
	fprintf(out, ",mode=\"%s\",version=\"" EXITLAB_VERSION "\"} 1\n",
		figures->summary_only ? "summary" : "events");
	put_family(out, PREFIX "events_read", "counter", NULL, "Events read from the kernel.");
	fprintf(out, PREFIX "events_read_total %" PRIu64 "\n", figures->traffic.events);
	put_gauge(out, PREFIX "ring_size_bytes", "bytes", figures->traffic.ring_bytes,
		  "Size of the buffer of events.");
	put_gauge(out, PREFIX "ring_peak_bytes", "bytes", figures->traffic.ring_most_bytes,
		  "The most that waited in the buffer when it was read.");
	getrusage(RUSAGE_SELF, &usage);
	put_family(out, "process_cpu_seconds", "counter", "seconds", "CPU time of the tracer.");
	fprintf(out, "process_cpu_seconds_total %.6f\n",
		usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
			(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	put_gauge(out, "process_resident_memory_bytes", "bytes", resident_bytes(),
		  "Resident memory of the tracer.");
}

void gpumem_openmetrics_print(const struct gpumem_openmetrics *figures, FILE *out)
{
	const struct gpumem_account *listed[GPUMEM_OPENMETRICS_PROCESSES];
	size_t number =
		gpumem_pick_top(figures->accounts, listed, GPUMEM_OPENMETRICS_PROCESSES, true);

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		put_counts(out, &families[i], figures->accounts, listed, number);
	put_others(out, figures->accounts, listed, number);
	put_lost(out, &figures->lost);
	put_tracer(out, figures);
	fputs("# EOF\n", out);
}
