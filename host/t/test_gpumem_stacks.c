// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stacks get their names: of the caller that the kernel missed, and of a process that has ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../gpumem_stacks.h"

#define KEY 77

static int outermost(int a)
{
	return a * 3;
}

static int middle(int a)
{
	return a * 5;
}

static int innermost(int a)
{
	return a * 7;
}

/* An address in a function, as a call within it would return to. */
static uint64_t in(int (*function)(int))
{
	return (uint64_t)function + 2;
}

static void life(struct gpumem_stacks *stacks, enum gpumem_type type, pid_t process)
{
	struct gpumem_event event = {.type = type, .process = process};

	gpumem_stacks_heed(stacks, &event);
}

/* Two frames, and where the first returns to. */
static void take(struct gpumem_stacks *stacks, pid_t process, uint64_t first, uint64_t second,
		 uint64_t caller)
{
	struct gpumem_stack stack = {.event = {.type = GPUMEM_STACK,
					       .process = process,
					       .bytes = 2,
					       .pointer = caller,
					       .stack = KEY},
				     .frames = {first, second}};

	gpumem_stacks_take(stacks, &stack);
}

/* The member of each frame, NULL for those that have none. */
static void assert_frames(const struct gpumem_stacks *stacks, uint64_t key, size_t number,
			  const char *const *symbols)
{
	json_t *frames = gpumem_stacks_json(stacks, key);

	assert_int_equal(json_array_size(frames), number);
	for (size_t i = 0; i < number; i++) {
		const json_t *frame = json_array_get(frames, i);
		const char *symbol = json_string_value(json_object_get(frame, "symbol"));

		if (symbols[i])
			assert_string_equal(symbol ?: "none", symbols[i]);
		else
			assert_null(symbol);
		assert_non_null(json_object_get(frame, "address"));
	}
	json_decref(frames);
}

static const char *const all[] = {"innermost", "middle", "outermost"};

static void a_missing_caller(void **context)
{
	struct gpumem_stacks stacks = {0};

	(void)context;
	life(&stacks, GPUMEM_BEGIN, getpid());
	take(&stacks, getpid(), (uint64_t)innermost, in(outermost), in(middle));
	assert_frames(&stacks, KEY, 3, all);
	assert_frames(&stacks, KEY + 1, 0, NULL);
	gpumem_stacks_end(&stacks);
}

static void one_that_is_there(void **context)
{
	struct gpumem_stacks stacks = {0};

	(void)context;
	life(&stacks, GPUMEM_BEGIN, getpid());
	take(&stacks, getpid(), (uint64_t)innermost, in(middle), in(middle));
	assert_frames(&stacks, KEY, 2, all);
	gpumem_stacks_end(&stacks);
}

static void an_end_in_nothing(void **context)
{
	struct gpumem_stacks stacks = {0};

	(void)context;
	life(&stacks, GPUMEM_BEGIN, getpid());
	take(&stacks, getpid(), (uint64_t)innermost, 0, in(middle));
	assert_frames(&stacks, KEY, 2, all);
	gpumem_stacks_end(&stacks);
}

/* Its first calls were seen as long as it was there. */
static void a_process_that_has_ended(void **context)
{
	struct gpumem_stacks stacks = {0};
	int way[2];
	char byte;
	pid_t child;

	(void)context;
	assert_int_equal(pipe(way), 0);
	child = fork();
	if (!child) {
		close(way[1]);
		_exit(read(way[0], &byte, 1));
	}
	life(&stacks, GPUMEM_BEGIN, child);
	close(way[0]);
	close(way[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	take(&stacks, child, (uint64_t)innermost, in(outermost), in(middle));
	life(&stacks, GPUMEM_EXIT, child);
	assert_frames(&stacks, KEY, 3, all);
	gpumem_stacks_end(&stacks);
}

/* Nothing is known of it: the addresses stay. */
static void a_process_of_before(void **context)
{
	static const char *const none[] = {NULL, NULL, NULL};
	struct gpumem_stacks stacks = {0};
	char text[256] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	pid_t child = fork();

	(void)context;
	if (!child)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	life(&stacks, GPUMEM_BEGIN, child);
	take(&stacks, child, 0x1234, 0x5678, 0x9abc);
	assert_frames(&stacks, KEY, 3, none);
	gpumem_stacks_print(out, &stacks, KEY);
	fclose(out);
	assert_string_equal(text, "\t0x1234\n\t0x9abc\n\t0x5678\n");
	gpumem_stacks_end(&stacks);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_caller),    cmocka_unit_test(one_that_is_there),
		cmocka_unit_test(an_end_in_nothing),   cmocka_unit_test(a_process_that_has_ended),
		cmocka_unit_test(a_process_of_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
