// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gpumem_calls.h"
#include "gpumem_text.h"
#include "json_file.h"
#include "util.h"

const char *gpumem_state_name(enum gpumem_state state)
{
	static const char *const names[] = {"running", "exited", "replaced"};

	return names[state];
}

static void add_counts(json_t *object, const struct gpumem_counts *counts)
{
#define COUNT(name) json_object_set_new(object, #name, json_integer(counts->name));
	GPUMEM_COUNTS(COUNT)
#undef COUNT
}

const char *gpumem_bytes_text(uint64_t bytes, char text[16])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(text, 16, unit ? "%.2f %s" : "%.0f %s", value, units[unit]);
	return text;
}

static uint64_t weight(const struct gpumem_account *account)
{
	return account->counts.live_bytes + account->counts.leaked_bytes;
}

/* Each goes to its place among the few that are shown, or nowhere. */
size_t gpumem_pick_top(const struct gpumem_accounts *accounts, const struct gpumem_account **top,
		       size_t most, bool running)
{
	size_t number = 0;

	for (const struct gpumem_account *one = accounts->first; one; one = one->next) {
		size_t at = number;

		if (running && one->state != GPUMEM_RUNNING)
			continue;
		while (at && weight(top[at - 1]) < weight(one))
			at--;
		if (at == most)
			continue;
		if (number < most)
			number++;
		memmove(&top[at + 1], &top[at], (number - 1 - at) * sizeof(*top));
		top[at] = one;
	}
	return number;
}

static void print_row(FILE *out, const char *process, const char *name, const char *state,
		      const struct gpumem_counts *counts)
{
	char live[16], peak[16], leaked[16];

	fprintf(out,
		"%9s  %-15s %-8s %11" PRIu64 " %11" PRIu64 " %8" PRIu64 " %9" PRIu64
		" %11s %11s %9" PRIu64 " %11s\n",
		process, name, state, counts->allocations, counts->frees,
		counts->failed_allocations + counts->failed_frees, counts->live,
		gpumem_bytes_text(counts->live_bytes, live),
		gpumem_bytes_text(counts->peak_bytes, peak), counts->leaked,
		gpumem_bytes_text(counts->leaked_bytes, leaked));
}

/* Where there is more than one: what the row above them is the sum of. */
static void print_devices(FILE *out, const struct gpumem_device *first)
{
	char number[8], name[GPUMEM_NAME];

	for (const struct gpumem_device *one = first; first && first->next && one;
	     one = one->next) {
		snprintf(name, sizeof(name), one->number == GPUMEM_NO_DEVICE ? "%s" : "device %s",
			 gpumem_device_name(one->number, number));
		print_row(out, "", name, "", &one->counts);
	}
}

/* What the columns leave open; nothing where nothing is. */
static void print_remarks(FILE *out, const struct gpumem_accounts *accounts)
{
	const struct gpumem_counts *total = &accounts->total;
	char bytes[16];

	if (total->unknown_frees)
		fprintf(out,
			"%" PRIu64
			" of the frees are of pointers whose allocation was not seen: it "
			"was before the trace, or was lost\n",
			total->unknown_frees);
	if (total->taken_back)
		fprintf(out,
			"%" PRIu64 " of the allocations, %s, were taken back with their context\n",
			total->taken_back, gpumem_bytes_text(total->taken_back_bytes, bytes));
	if (accounts->without_origin)
		fprintf(out,
			"%" PRIu64 " of the allocations, of processes with more than %u origins, "
			"count as of an unknown device\n",
			accounts->without_origin, GPUMEM_ORIGINS_MOST);
	if (accounts->too_large)
		fprintf(out, "%" PRIu64 " of the allocations are larger than 256 TiB: too low\n",
			accounts->too_large);
}

void gpumem_print_table(FILE *out, const struct gpumem_accounts *accounts, int top)
{
	size_t most = (size_t)top < accounts->number ? (size_t)top : accounts->number;
	const struct gpumem_account **picked = calloc(most + 1, sizeof(*picked));
	char process[16], name[GPUMEM_NAME];

	if (!picked)
		die("no memory for a table");
	fprintf(out, "%9s  %-15s %-8s %11s %11s %8s %9s %11s %11s %9s %11s\n", "pid", "name",
		"state", "allocs", "frees", "failed", "live", "bytes", "peak", "leaked", "bytes");
	most = gpumem_pick_top(accounts, picked, most, false);
	for (size_t i = 0; i < most; i++) {
		snprintf(process, sizeof(process), "%u", picked[i]->process);
		memcpy(name, picked[i]->name, sizeof(name));
		tame(name);
		print_row(out, process, name, gpumem_state_name(picked[i]->state),
			  &picked[i]->counts);
		print_devices(out, picked[i]->devices);
	}
	snprintf(process, sizeof(process), "%zu", accounts->number);
	print_row(out, process, "in all", "", &accounts->total);
	print_devices(out, accounts->devices);
	print_remarks(out, accounts);
	free(picked);
}

void gpumem_print_lost(FILE *out, const struct gpumem_lost *lost)
{
	uint64_t calls = lost->dropped[GPUMEM_ALLOCATION] + lost->dropped[GPUMEM_RELEASE] +
			 lost->dropped[GPUMEM_FAILURE];

	if (calls)
		fprintf(out,
			"%" PRIu64 " calls were lost, so the figures are too low: %" PRIu64
			" allocations, %" PRIu64 " frees, %" PRIu64
			" failed; give the buffer more with --ring-size\n",
			calls, (uint64_t)lost->dropped[GPUMEM_ALLOCATION],
			(uint64_t)lost->dropped[GPUMEM_RELEASE],
			(uint64_t)lost->dropped[GPUMEM_FAILURE]);
	if (lost->dropped[GPUMEM_TAKE_BACK])
		fprintf(out,
			"%" PRIu64 " ends of contexts were lost: what they had counts as live\n",
			(uint64_t)lost->dropped[GPUMEM_TAKE_BACK]);
	if (lost->stackless || lost->dropped[GPUMEM_STACK])
		fprintf(out,
			"%" PRIu64 " stacks could not be read, and %" PRIu64
			" were lost: allocations are of an unknown one\n",
			lost->stackless, (uint64_t)lost->dropped[GPUMEM_STACK]);
	if (lost->pointers)
		fprintf(out,
			"%" PRIu64 " pointers were not kept, so what is live is too low: give them "
			"more room with --max-pointers\n",
			lost->pointers);
	if (lost->untracked || lost->missed)
		fprintf(out,
			"the kernel did not follow %" PRIu64 " and did not report %" PRIu64
			" calls\n",
			lost->untracked, lost->missed);
}

bool gpumem_print_event(FILE *out, const struct gpumem_event *event, bool json)
{
	if (event->type > GPUMEM_FAILURE)
		return false;
	fprintf(out,
		json ? "{\"time\": %llu.%09llu, \"pid\": %u, \"call\": \"%s\", \"pointer\": "
		       "\"0x%llx\", \"bytes\": %llu, \"result\": %d}\n"
		     : "%llu.%09llu %u %s 0x%llx %llu %d\n",
		event->time / 1000000000, event->time % 1000000000, event->process,
		gpumem_calls[event->call].symbol, event->pointer, event->bytes, event->result);
	return true;
}

static json_t *json_devices(const struct gpumem_device *first)
{
	json_t *devices = json_array();
	char number[8];

	for (const struct gpumem_device *one = first; one; one = one->next) {
		json_t *object = json_object();

		json_object_set_new(object, "device",
				    json_string(gpumem_device_name(one->number, number)));
		add_counts(object, &one->counts);
		json_array_append_new(devices, object);
	}
	return devices;
}

static json_t *json_processes(const struct gpumem_accounts *accounts)
{
	json_t *processes = json_array();

	for (const struct gpumem_account *one = accounts->first; one; one = one->next) {
		json_t *object = json_object();

		json_object_set_new(object, "pid", json_integer(one->process));
		json_object_set_new(object, "name", json_printable(one->name));
		json_object_set_new(object, "state", json_string(gpumem_state_name(one->state)));
		add_counts(object, &one->counts);
		json_object_set_new(object, "devices", json_devices(one->devices));
		json_array_append_new(processes, object);
	}
	return processes;
}

json_t *gpumem_json(const struct gpumem_accounts *accounts, const struct gpumem_lost *lost,
		    const char *libcuda, double seconds)
{
	json_t *object = json_object(), *total = json_object(), *missing = json_object();

	add_counts(total, &accounts->total);
#define LOST(name, member) json_object_set_new(missing, #name, json_integer(lost->member));
	GPUMEM_LOST(LOST)
#undef LOST
	json_object_set_new(object, "schema", json_string("exitlab-gpumem/1"));
	json_object_set_new(object, "libcuda", json_printable(libcuda));
	json_object_set_new(object, "seconds", json_real(seconds));
	json_object_set_new(object, "total", total);
	json_object_set_new(object, "lost", missing);
	json_object_set_new(object, "beyond",
			    json_pack("{s:I,s:I}", "origins", (json_int_t)accounts->without_origin,
				      "sizes", (json_int_t)accounts->too_large));
	json_object_set_new(object, "processes", json_processes(accounts));
	json_object_set_new(object, "devices", json_devices(accounts->devices));
	return object;
}
