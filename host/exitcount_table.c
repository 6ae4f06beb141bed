// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Prints what exitcount has counted. */
#include <stdlib.h>
#include <string.h>

#include "exitcount_table.h"
#include "util.h"

#define BAR 40 /* columns of the longest bar of a histogram */

struct line {
	char name[EXITCOUNT_NAME];
	__u64 count;
};

static int most_first(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

/* Prints lines[count] that are not zero, the greatest first, under a title. */
static void print_lines(FILE *out, const char *title, struct line *lines, size_t count,
			double seconds)
{
	qsort(lines, count, sizeof(*lines), most_first);
	if (!count || !lines[0].count)
		return;
	fprintf(out, "%-28s %14s %14s\n", title, "count", "per second");
	for (size_t i = 0; i < count && lines[i].count; i++)
		fprintf(out, "  %-26s %14llu %14.1f\n", lines[i].name, lines[i].count,
			seconds > 0 ? lines[i].count / seconds : 0.0);
}

void table_of_counts(FILE *out, int vendor, const struct exitcount_row *now,
		     const struct exitcount_row *before, double seconds)
{
	static const struct exitcount_row nothing;
	struct line exits[REASONS], userspace[USERSPACE_EXITS];
	struct line events[EVENTS] = {
#define EVENT(event) [EVENT_##event] = {"kvm_" #event, now->events[EVENT_##event]},
		EXITCOUNT_EVENTS(EVENT)
#undef EVENT
	};

	if (!before)
		before = &nothing;
	for (unsigned int i = 0; i < REASONS; i++) {
		exitcount_exit_name(vendor, i, exits[i].name, sizeof(exits[i].name));
		exits[i].count = now->exits[i] - before->exits[i];
	}
	for (unsigned int i = 0; i < USERSPACE_EXITS; i++) {
		exitcount_userspace_name(i, userspace[i].name, sizeof(userspace[i].name));
		userspace[i].count = now->userspace_exits[i] - before->userspace_exits[i];
	}
	for (unsigned int i = 0; i < EVENTS; i++)
		events[i].count -= before->events[i];

	print_lines(out, "exits", exits, REASONS, seconds);
	print_lines(out, "userspace exits", userspace, USERSPACE_EXITS, seconds);
	print_lines(out, "events", events, EVENTS, seconds);
}

void table_of_rows(FILE *out, const struct exitcount *counter)
{
	char name[EXITCOUNT_NAME];

	fprintf(out, "%-20s %12s %16s  %s\n", "row", "exits", "userspace exits", "most of them");
	for (unsigned int wire = 1; wire < ROWS; wire++) {
		const struct exitcount_row *row = exitcount_row(counter, wire);
		__u64 exits = 0, userspace = 0;
		unsigned int most = 0;

		if (!row)
			continue;
		for (unsigned int i = 0; i < REASONS; i++) {
			exits += row->exits[i];
			most = row->exits[i] > row->exits[most] ? i : most;
		}
		for (unsigned int i = 0; i < USERSPACE_EXITS; i++)
			userspace += row->userspace_exits[i];
		fprintf(out, "  %-18s %12llu %16llu", exitcount_row_name(wire, name, sizeof(name)),
			exits, userspace);
		if (exits)
			fprintf(out, "  %s %llu",
				exitcount_exit_name(exitcount_vendor(counter), most, name,
						    sizeof(name)),
				row->exits[most]);
		fprintf(out, "\n");
	}
}

static void print_histogram(FILE *out, const char *name, const __u64 *slots)
{
	static const char bar[] = "########################################";
	unsigned int first = LATENCY_SLOTS, last = 0;
	__u64 highest = 0, total = 0;

	for (unsigned int i = 0; i < LATENCY_SLOTS; i++) {
		if (!slots[i])
			continue;
		first = first < i ? first : i;
		last = i;
		highest = slots[i] > highest ? slots[i] : highest;
		total += slots[i];
	}
	if (!total)
		return;
	fprintf(out, "  %s: %llu\n", name, total);
	for (unsigned int i = first; i <= last; i++)
		fprintf(out, "    %12llu ns and up %12llu %.*s\n", 1ull << i, slots[i],
			(int)((slots[i] * BAR + highest - 1) / highest), bar);
}

void table_of_latency(FILE *out, const struct exitcount *counter)
{
	int vendor = exitcount_vendor(counter);
	char name[EXITCOUNT_NAME];

	if (vendor == VENDOR_OTHER)
		return;
	fprintf(out, "latency, kvm_exit to kvm_entry, user space included\n");
	for (unsigned int i = 0; i < REASONS; i++)
		print_histogram(out, exitcount_exit_name(vendor, i, name, sizeof(name)),
				exitcount_latency(counter, i));
}
