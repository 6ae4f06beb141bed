// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each event of a ring is taken or counted as lost, whatever the device does meanwhile. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../rings.h"

#define BITS 4
#define SIZE (1u << BITS)
#define TAG  52

static uint64_t words[SIZE * RING_WORDS];
static struct rings rings;
static struct probe_event last;
static uint64_t sum;

static void see(const struct probe_event *event, void *data)
{
	assert_ptr_equal(data, &sum);
	last = *event;
	sum += event->value;
}

static int begin(void **state)
{
	(void)state;
	memset(words, 0, sizeof(words));
	rings = (struct rings){.bits = BITS, .event = see, .data = &sum};
	sum = 0;
	return 0;
}

/* As the device writes the event of this number, of its words those that mask has. */
static void put_words(uint64_t number, unsigned int mask)
{
	const uint64_t word[RING_WORDS] = {number + 1, 0x3 | 4ull << 32 | 1ull << 40,
					   7 | 2ull << 32, 0xfffffffc | 9ull << 32};
	uint64_t tag = ((number >> BITS) + 1) % 4096;

	for (unsigned int i = 0; i < RING_WORDS; i++)
		if (mask >> i & 1)
			__atomic_store_n(&words[number % SIZE * RING_WORDS + i],
					 word[i] | tag << TAG, __ATOMIC_RELAXED);
}

static void put(uint64_t number)
{
	put_words(number, 0xf);
}

static void an_event_is_what_the_device_wrote(void **state)
{
	(void)state;
	put(0);
	assert_int_equal(rings_drain(&rings, 0, words), 1);
	assert_int_equal(last.value, 1);
	assert_int_equal(last.lanes, 3);
	assert_int_equal(last.bytes, 4);
	assert_int_equal(last.kind, WEAVE_STORE);
	assert_int_equal(last.block, 7);
	assert_int_equal(last.warp, 2);
	assert_int_equal(last.site, 9);
	assert_int_equal(last.stride, -4);
	assert_int_equal(rings.drained_hits, 2);
	assert_int_equal(rings_drain(&rings, 0, words), 0);
}

static void half_of_an_event_waits(void **state)
{
	(void)state;
	put(0);
	for (unsigned int mask = 0; mask < 0xf; mask++) {
		memset(&words[RING_WORDS], 0, RING_WORDS * sizeof(*words));
		put_words(1, mask);
		assert_int_equal(rings_drain(&rings, 0, words), mask == 0);
	}
	put(1);
	assert_int_equal(rings_drain(&rings, 0, words), 1);
	assert_int_equal(rings.lost, 0);
}

static void what_was_written_over_is_lost(void **state)
{
	(void)state;
	/* 40 in a ring of 16: the last 16 are there. */
	for (uint64_t number = 0; number < 40; number++)
		put(number);
	rings_finish(&rings, 0, words, 40);
	assert_int_equal(rings.drained, 16);
	assert_int_equal(rings.lost, 24);
	assert_int_equal(rings.next[0], 40);
	assert_int_equal(sum, (25 + 40) * 16 / 2);
}

static void a_drain_that_is_lapped_goes_on(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 40; number++)
		put(number);
	rings_drain(&rings, 0, words);
	for (uint64_t number = 40; number < 50; number++)
		put(number);
	rings_drain(&rings, 0, words);
	rings_finish(&rings, 0, words, 50);
	assert_int_equal(rings.drained + rings.lost, 50);
	assert_in_range(rings.drained, 10, 26);
}

/* A number was given out, but another event was written last in its place, or not all of it. */
static void what_never_came_is_lost(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 20; number++)
		put(number);
	put(2); /* late, over 18 */
	put_words(21, 0x7);
	put(22);
	rings_finish(&rings, 0, words, 23);
	assert_int_equal(rings.drained + rings.lost, 23);
	assert_int_equal(rings.lost, 7 + 3);
	assert_int_equal(rings_drain(&rings, 0, words), 0);
}

/* Tags go round after 4095 rounds. */
static void tags_wrap(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 3 * 4096 * SIZE; number++) {
		put(number);
		assert_int_equal(rings_drain(&rings, 0, words), 1);
	}
	assert_int_equal(rings.lost, 0);
}

#define EVENTS 3000000

static _Atomic int done;

static void *produce(void *data)
{
	(void)data;
	for (uint64_t number = 0; number < EVENTS; number++)
		put(number);
	done = 1;
	return NULL;
}

static void beside_a_writer(void **state)
{
	pthread_t thread;

	(void)state;
	done = 0;
	assert_int_equal(pthread_create(&thread, NULL, produce, NULL), 0);
	while (!done)
		rings_drain(&rings, 5, words);
	pthread_join(thread, NULL);
	rings_finish(&rings, 5, words, EVENTS);
	assert_int_equal(rings.drained + rings.lost, EVENTS);
	assert_in_range(rings.drained, 1, EVENTS);
	assert_int_equal(rings.drained_hits, 2 * rings.drained);
	print_message("%d events, %d lost\n", EVENTS, (int)rings.lost);
}

static void a_single_lane_has_no_stride(void **state)
{
	(void)state;
	put(0);
	words[1] &= ~2ull;
	assert_int_equal(rings_drain(&rings, 0, words), 1);
	assert_int_equal(last.lanes, 1);
	assert_int_equal(last.stride, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_event_is_what_the_device_wrote, begin),
		cmocka_unit_test_setup(half_of_an_event_waits, begin),
		cmocka_unit_test_setup(what_was_written_over_is_lost, begin),
		cmocka_unit_test_setup(a_drain_that_is_lapped_goes_on, begin),
		cmocka_unit_test_setup(what_never_came_is_lost, begin),
		cmocka_unit_test_setup(tags_wrap, begin),
		cmocka_unit_test_setup(beside_a_writer, begin),
		cmocka_unit_test_setup(a_single_lane_has_no_stride, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
