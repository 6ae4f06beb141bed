// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "explain_way.h"
#include "util.h"

#define KERNEL_SPACE (1ull << 63)

/* Of the guest, whose kernel is not RANDOMIZE_BASE: 512 MiB of image, then modules: kexit. */
#define GUEST_MODULES 0xffffffffa0000000ull

const struct layer_name layer_names[LAYERS] = {
	[LAYER_GUEST] = {"guest", "guest"},
	[LAYER_KVM] = {"kvm", "KVM"},
	[LAYER_ENTRY] = {"entry", "kernel entry and exit"},
	[LAYER_KERNEL] = {"kernel", "kernel"},
	[LAYER_QEMU] = {"qemu", "QEMU"},
};

/*
 * The C half of entering the kernel and leaving it, which lies outside .entry.text: the generic
 * entry code (kernel/entry/common.c) and x86's dispatcher, under the names that they have from 5.10
 * on. What a system call or an interrupt then does is not in it.
 */
static const char *const entry_functions[] = {
	"arch_exit_to_user_mode_prepare",
	"do_syscall_64",
	"enter_from_user_mode",
	"exit_to_user_mode",
	"exit_to_user_mode_loop",
	"exit_to_user_mode_prepare",
	"irqentry_enter",
	"irqentry_enter_from_user_mode",
	"irqentry_exit",
	"irqentry_exit_to_user_mode",
	"irqentry_nmi_enter",
	"irqentry_nmi_exit",
	"syscall_enter_from_user_mode",
	"syscall_enter_from_user_mode_prepare",
	"syscall_enter_from_user_mode_work",
	"syscall_exit_to_user_mode",
	"syscall_exit_to_user_mode_prepare",
	"syscall_exit_to_user_mode_work",
	"syscall_exit_work",
	"syscall_trace_enter",
	"x64_sys_call",
};

/* "f.constprop.0" and "f.part.0" are f. */
static bool is_entry(const char *function)
{
	size_t length = strcspn(function, ".");

	for (size_t i = 0; i < ARRAY_SIZE(entry_functions); i++)
		if (strlen(entry_functions[i]) == length &&
		    !strncmp(entry_functions[i], function, length))
			return true;
	return false;
}

static struct place guest_place(const struct symbols *symbols, uint64_t address)
{
	struct place place = {LAYER_GUEST, RING_GUEST_USER, "measure", "?", 0};
	struct symbol_name name;

	if (address < KERNEL_SPACE)
		return place;
	place.ring = RING_GUEST_KERNEL;
	place.object = address >= GUEST_MODULES ? "kexit" : "guest kernel";
	if (symbols && address < GUEST_MODULES) {
		name = symbols_find(symbols, address);
		place.function = name.function;
		place.start = name.start;
	}
	return place;
}

struct place place_of(const struct names *names, uint64_t instruction)
{
	uint64_t address = trace_address(instruction);
	struct symbol_name name;
	enum layer layer = LAYER_KERNEL;

	if (trace_level(instruction) == TRACE_GUEST)
		return guest_place(names->guest, address);
	name = symbols_find(names->lab, address);
	if (address < KERNEL_SPACE)
		layer = LAYER_QEMU;
	else if (!strcmp(name.object, "kvm") || !strncmp(name.object, "kvm_", 4))
		layer = LAYER_KVM;
	else if (symbols_in_entry(names->lab, address) || is_entry(name.function))
		layer = LAYER_ENTRY;
	return (struct place){layer, address < KERNEL_SPACE ? RING_USER : RING_KERNEL, name.object,
			      name.function, name.start};
}

bool place_same(const struct place *left, const struct place *right)
{
	return left->layer == right->layer && !strcmp(left->object, right->object) &&
	       !strcmp(left->function, right->function);
}

/*
 * Is the instruction left by an exit that the clock does not count? QEMU's plugin sees it begin,
 * but it is not executed.
 */
static bool is_undone(const struct trace *trace, const struct trace_path *path, uint32_t i)
{
	const uint64_t *instruction = &trace->instruction[path->first];

	return !trace->exits_count && trace_level(instruction[i]) == TRACE_GUEST &&
	       i + 1 < path->length && trace_level(instruction[i + 1]) == TRACE_HOST;
}

static uint32_t executed(const struct trace *trace, const struct trace_path *path)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < path->length; i++)
		count += !is_undone(trace, path, i);
	return count;
}

static const struct trace_path *most_taken(const struct trace *trace, uint32_t length, bool ring0)
{
	const struct trace_path *best = NULL;

	for (const struct trace_path *path = trace->path; path < trace->path + trace->paths;
	     path++) {
		bool kernel = trace_address(trace->instruction[path->first]) >= KERNEL_SPACE;

		if (executed(trace, path) == length && kernel == ring0 &&
		    (!best || path->samples > best->samples))
			best = path;
	}
	return best;
}

struct way *way_of(const struct trace *trace, const struct names *names, uint32_t length,
		   bool ring0)
{
	const struct trace_path *path = most_taken(trace, length, ring0);
	struct way *way;

	if (!path)
		return NULL;
	way = calloc(1, sizeof(*way));
	if (way) {
		way->address = calloc(length, sizeof(*way->address));
		way->place = calloc(length, sizeof(*way->place));
	}
	if (!way || !way->address || !way->place)
		die("no memory for the instructions of a sample");
	way->same = path->samples;
	way->number = path - trace->path;
	for (uint32_t i = 0; i < path->length; i++) {
		uint64_t instruction = trace->instruction[path->first + i];

		if (is_undone(trace, path, i))
			continue;
		way->address[way->length] = trace_address(instruction);
		way->place[way->length++] = place_of(names, instruction);
	}
	return way;
}

void way_free(struct way *way)
{
	if (!way)
		return;
	free(way->address);
	free(way->place);
	free(way);
}

void way_print(const struct way *way, FILE *out)
{
	for (size_t first = 0, next; first < way->length; first = next) {
		const struct place *place = &way->place[first];

		for (next = first + 1; next < way->length && place_same(place, &way->place[next]);
		     next++)
			;
		fprintf(out, "%6zu  %-6s  %-20s  %s\n", next - first, layer_names[place->layer].id,
			place->object, place->function);
	}
}
