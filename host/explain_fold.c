// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "explain_fold.h"
#include "util.h"

#define DEEPEST	     256 /* beyond it a call takes the top's place */
#define LONGEST_CALL 15	 /* bytes of an instruction */

static const char *const ring_names[RINGS] = {
	[RING_GUEST_USER] = "guest program",
	[RING_GUEST_KERNEL] = "guest kernel",
	[RING_USER] = "QEMU",
	[RING_KERNEL] = "host kernel",
};

struct stack {
	struct entry {
		struct frame *frame;
		uint64_t call; /* address of what called it */
	} entry[DEEPEST + 1];  /* the first is the ring's root */
	size_t top;
	uint64_t before; /* address of the ring's last instruction */
};

struct folding {
	const struct way *way;
	bool learning; /* what the stacks are when a sample begins */
	struct frame *root;
	struct stack stack[RINGS];
};

static struct frame *child_of(struct frame *parent, const struct place *place, enum ring ring)
{
	struct frame **at = &parent->child;

	for (; *at; at = &(*at)->next)
		if (place ? (*at)->place && place_same((*at)->place, place) : (*at)->ring == ring)
			return *at;
	*at = calloc(1, sizeof(**at));
	if (!*at)
		die("no memory for call stacks");
	**at = (struct frame){.place = place, .ring = ring, .parent = parent};
	return *at;
}

static void push(struct stack *stack, const struct place *place, uint64_t call)
{
	if (stack->top == DEEPEST)
		stack->top--;
	stack->entry[stack->top + 1] =
		(struct entry){child_of(stack->entry[stack->top].frame, place, place->ring), call};
	stack->top++;
}

/*
 * What stands in for a RET or an indirect call where a mitigation wants it so. It is left for where
 * that would have gone, so it never is on a stack: only ever on top of what used it.
 */
static bool is_thunk(const struct place *place)
{
	static const char *const beginnings[] = {"__x86_indirect_", "__x86_return_", "its_return_",
						 "retbleed_", "srso_"};

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (!strncmp(place->function, beginnings[i], strlen(beginnings[i])))
			return place->ring == RING_KERNEL || place->ring == RING_GUEST_KERNEL;
	return false;
}

static bool behind(uint64_t call, uint64_t address)
{
	return call < address && address - call <= LONGEST_CALL;
}

/* Is the transfer from the address before come back from, later on in the ring? */
static bool comes_back(const struct way *way, size_t i, uint64_t before)
{
	enum ring ring = way->place[i].ring;

	while (++i < way->length)
		if (way->place[i].ring == ring && behind(before, way->address[i]))
			return true;
	return false;
}

/* The entry to return to: 0 where the function is not on the stack. */
static size_t returns_to(const struct stack *stack, const struct place *place, uint64_t address)
{
	for (size_t i = stack->top; i > 1; i--)
		if (behind(stack->entry[i].call, address) &&
		    place_same(stack->entry[i - 1].frame->place, place))
			return i - 1;
	for (size_t i = stack->top; i > 0; i--)
		if (place_same(stack->entry[i].frame->place, place))
			return i;
	return 0;
}

/* Brings the stack to instruction i, which is on its ring and of no thunk. */
static void follow(const struct folding *folding, size_t i, struct stack *stack)
{
	const struct way *way = folding->way;
	const struct place *place = &way->place[i];
	uint64_t address = way->address[i], before = stack->before;
	const struct frame *top = stack->top ? stack->entry[stack->top].frame : NULL;
	bool same = top && place_same(top->place, place);
	bool first = place->start && address == place->start;
	size_t to;

	stack->before = address;
	/* Straight on; or a string instruction, which repeats itself. */
	if (same && (address == before || behind(before, address)))
		return;
	to = returns_to(stack, place, address);
	/* Falling through from one label of assembly to the next is no call. */
	if (top && first && behind(before, address)) {
		first = false;
		to = 0;
	}
	if (!top || first || (!place->start && !to && comes_back(way, i, before))) {
		push(stack, place, before);
	} else if (to) {
		stack->top = to;
	} else if (folding->learning) {
		/* The caller of all that is on the stack. */
		stack->top = 0;
		push(stack, place, 0);
	} else {
		uint64_t call = stack->entry[stack->top].call;

		stack->top--;
		push(stack, place, call);
	}
}

static void run(struct folding *folding)
{
	const struct way *way = folding->way;

	for (size_t i = 0; i < way->length; i++) {
		enum ring ring = way->place[i].ring;
		struct stack *stack = &folding->stack[ring];
		struct frame *frame;

		/* Entered from its own ring 3, a kernel begins with an empty stack. */
		if (i && ring != way->place[i - 1].ring &&
		    ((ring == RING_KERNEL && way->place[i - 1].ring == RING_USER) ||
		     (ring == RING_GUEST_KERNEL && way->place[i - 1].ring == RING_GUEST_USER)))
			stack->top = 0;
		frame = stack->entry[stack->top].frame;
		if (is_thunk(&way->place[i])) {
			frame = child_of(frame, &way->place[i], ring);
		} else {
			follow(folding, i, stack);
			frame = stack->entry[stack->top].frame;
		}
		frame->self++;
	}
}

/* A tree without counts; the stacks are the same, in that tree. */
static void plant(struct folding *folding)
{
	folding->root = calloc(1, sizeof(*folding->root));
	if (!folding->root)
		die("no memory for call stacks");
	for (int ring = 0; ring < RINGS; ring++) {
		struct stack *stack = &folding->stack[ring];

		stack->entry[0].frame = child_of(folding->root, NULL, ring);
		for (size_t i = 1; i <= stack->top; i++)
			stack->entry[i].frame = child_of(stack->entry[i - 1].frame,
							 stack->entry[i].frame->place, ring);
	}
}

static uint32_t add_up(struct frame *frame)
{
	frame->total = frame->self;
	for (struct frame *child = frame->child; child; child = child->next)
		frame->total += add_up(child);
	return frame->total;
}

struct frame *fold(const struct way *way)
{
	struct folding *folding = calloc(1, sizeof(*folding));
	struct frame *first, *root;

	if (!folding)
		die("no memory for call stacks");
	folding->way = way;
	folding->learning = true;
	plant(folding);
	run(folding);
	first = folding->root;
	plant(folding);
	fold_free(first);
	folding->learning = false;
	run(folding);
	root = folding->root;
	free(folding);
	add_up(root);
	return root;
}

void fold_free(struct frame *root)
{
	while (root->child) {
		struct frame *child = root->child;

		root->child = child->next;
		fold_free(child);
	}
	free(root);
}

void frame_name(const struct frame *frame, char *text, size_t size)
{
	if (!frame->parent)
		snprintf(text, size, "all");
	else if (!frame->place)
		snprintf(text, size, "%s", ring_names[frame->ring]);
	else if (!strcmp(frame->place->function, "?"))
		snprintf(text, size, "[%s]", frame->place->object);
	else
		snprintf(text, size, "%s", frame->place->function);
}

static void print_stack(const struct frame *frame, FILE *out)
{
	char name[256];

	if (!frame->place)
		return;
	print_stack(frame->parent, out);
	frame_name(frame, name, sizeof(name));
	for (char *at = name; *at; at++)
		if (*at == ';')
			*at = ':'; /* what separates them */
	fprintf(out, ";%s", name);
}

void fold_print(const struct frame *root, FILE *out)
{
	if (root->self) {
		fputs(layer_names[root->place->layer].id, out);
		print_stack(root, out);
		fprintf(out, " %u\n", root->self);
	}
	for (const struct frame *child = root->child; child; child = child->next)
		fold_print(child, out);
}
