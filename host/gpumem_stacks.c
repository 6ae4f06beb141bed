// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gpumem_stacks.h"
#include "gpumem_symbols.h"
#include "json_file.h"
#include "util.h"

struct frame {
	uint64_t address, offset;
	struct gpumem_file *file; /* NULL: of none; then there is no offset */
};

struct gpumem_trace {
	uint64_t key;
	size_t number;
	struct frame frames[];
};

void gpumem_stacks_heed(struct gpumem_stacks *stacks, const struct gpumem_event *event)
{
	if (event->type == GPUMEM_BEGIN)
		gpumem_modules_read(&stacks->modules, event->process);
	if (event->type == GPUMEM_EXEC || event->type == GPUMEM_EXIT)
		gpumem_modules_forget(&stacks->modules, event->process);
}

/* Where the trace with the key is, or is to be. The keys are hashes already. */
static struct gpumem_trace **slot_of(struct gpumem_trace **slots, size_t size, uint64_t key)
{
	size_t at = key & (size - 1);

	while (slots[at] && slots[at]->key != key)
		at = (at + 1) & (size - 1);
	return &slots[at];
}

static void grow(struct gpumem_stacks *stacks)
{
	size_t size = stacks->size ? stacks->size * 2 : 64;
	struct gpumem_trace **slots;

	if (stacks->number * 2 < stacks->size)
		return;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		die("no memory for stacks");
	for (size_t i = 0; i < stacks->size; i++)
		if (stacks->slots[i])
			*slot_of(slots, size, stacks->slots[i]->key) = stacks->slots[i];
	free(stacks->slots);
	stacks->slots = slots;
	stacks->size = size;
}

/* Each in its file; what was mapped since the process began may be in none that is known yet. */
static void locate(struct gpumem_modules *modules, struct gpumem_trace *trace, uint32_t process)
{
	bool missing = false;

	for (int turn = 0; turn < 2; turn++) {
		missing = false;
		for (size_t i = 0; i < trace->number; i++) {
			struct frame *frame = &trace->frames[i];

			frame->file = gpumem_modules_find(modules, process, frame->address,
							  &frame->offset);
			missing |= !frame->file;
		}
		if (!missing || turn)
			return;
		gpumem_modules_read(modules, process);
	}
}

void gpumem_stacks_take(struct gpumem_stacks *stacks, const struct gpumem_stack *stack)
{
	size_t number = stack->event.bytes < GPUMEM_FRAMES ? stack->event.bytes : GPUMEM_FRAMES;
	bool has_caller = number < 2 || stack->frames[1] == stack->event.pointer;
	struct gpumem_trace **slot, *trace;

	/* The kernel's walk may end on a frame that returns nowhere. */
	while (number > 1 && !stack->frames[number - 1])
		number--;
	grow(stacks);
	slot = slot_of(stacks->slots, stacks->size, stack->event.stack);
	if (*slot) /* it had to make room in the kernel, and came again */
		return;
	trace = calloc(1, sizeof(*trace) + (number + 1) * sizeof(*trace->frames));
	if (!trace)
		die("no memory for stacks");
	trace->key = stack->event.stack;
	for (size_t i = 0; i < number; i++) {
		trace->frames[trace->number++].address = stack->frames[i];
		if (!i && !has_caller)
			trace->frames[trace->number++].address = stack->event.pointer;
	}
	locate(&stacks->modules, trace, stack->event.process);
	*slot = trace;
	stacks->number++;
}

static const struct gpumem_trace *find(const struct gpumem_stacks *stacks, uint64_t key)
{
	return key && stacks->size ? *slot_of(stacks->slots, stacks->size, key) : NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A name from the traced program's files, which may be anything. */
static void print_tame(FILE *out, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		die("no memory for a name");
	tame(copy);
	fputs(copy, out);
	free(copy);
}

static void print_frame(FILE *out, const struct frame *frame, bool call)
{
	struct gpumem_place place;

	if (!frame->file) {
		fprintf(out, "\t0x%" PRIx64 "\n", frame->address);
		return;
	}
	place = gpumem_symbols_place(frame->file, frame->offset, call);
	fputc('\t', out);
	print_tame(out, place.symbol ?: base_name(frame->file->path));
	fprintf(out, "+0x%" PRIx64, place.symbol ? place.offset : frame->offset);
	if (place.symbol) {
		fputs(" (", out);
		print_tame(out, base_name(frame->file->path));
		fputc(')', out);
	}
	if (place.source) {
		fputc(' ', out);
		print_tame(out, base_name(place.source));
		fprintf(out, ":%d", place.line);
	}
	fputc('\n', out);
}

void gpumem_stacks_print(FILE *out, const struct gpumem_stacks *stacks, uint64_t key)
{
	const struct gpumem_trace *trace = find(stacks, key);

	if (!trace)
		fprintf(out, "\tthe stack is unknown\n");
	for (size_t i = 0; trace && i < trace->number; i++)
		print_frame(out, &trace->frames[i], i);
}

static json_t *json_frame(const struct frame *frame, bool call)
{
	json_t *object = json_object();
	struct gpumem_place place;
	char address[24];

	snprintf(address, sizeof(address), "0x%" PRIx64, frame->address);
	json_object_set_new(object, "address", json_string(address));
	if (!frame->file)
		return object;
	json_object_set_new(object, "module", json_printable(frame->file->path));
	json_object_set_new(object, "module_offset", json_integer(frame->offset));
	place = gpumem_symbols_place(frame->file, frame->offset, call);
	if (place.symbol) {
		json_object_set_new(object, "symbol", json_printable(place.symbol));
		json_object_set_new(object, "symbol_offset", json_integer(place.offset));
	}
	if (place.source) {
		json_object_set_new(object, "source", json_printable(place.source));
		json_object_set_new(object, "line", json_integer(place.line));
	}
	return object;
}

json_t *gpumem_stacks_json(const struct gpumem_stacks *stacks, uint64_t key)
{
	const struct gpumem_trace *trace = find(stacks, key);
	json_t *frames = json_array();

	for (size_t i = 0; trace && i < trace->number; i++)
		json_array_append_new(frames, json_frame(&trace->frames[i], i));
	return frames;
}

void gpumem_stacks_end(struct gpumem_stacks *stacks)
{
	for (size_t i = 0; i < stacks->size; i++)
		free(stacks->slots[i]);
	free(stacks->slots);
	gpumem_modules_end(&stacks->modules);
	memset(stacks, 0, sizeof(*stacks));
}
