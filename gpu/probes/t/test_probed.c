// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Loading, collecting and proving on the fake driver, which takes any module and runs no PTX: the
 * test writes what a device would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../probed.h"
#include "../rings.h"

#define PTX                                                                                        \
	".version 7.0\n.target sm_75\n.address_size 64\n.entry k()\n"                              \
	"{\n\tld.global.u32 %r1, [%rd1];\n\tret;\n}\n"

static CUcontext context;
static struct probed *probed;
static struct probe_counts counts;

static int begin(void **state)
{
	(void)state;
	assert_null(driver_open("build/gpu/libfakecuda.so"));
	assert_int_equal(cu.Init(0), 0);
	assert_int_equal(cu.CtxCreate(&context, 0, 0), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	cu.CtxDestroy(context);
	return 0;
}

/* As the device would, in the slot of this number. */
static void count(unsigned int slot, enum count_kind kind, uint64_t n, uint64_t extra)
{
	const struct count_slot adds = {.count = n, .extra = extra};
	size_t at = offsetof(struct count_slots, of[kind][slot]);

	assert_int_equal(cu.MemcpyHtoD(probed_state(probed)->counts + at, &adds, sizeof(adds)), 0);
}

static const char *proof(const char *name, uint64_t threads, uint64_t accesses)
{
	assert_null(probed_collect(probed, &counts));
	return probe_proof(probe_named(name), &counts, threads, accesses);
}

static void counts_add_up(void **state)
{
	(void)state;
	assert_null(probed_load(&probed, PTX, probe_named("both"), NULL));
	assert_int_equal(probed_outcome(probed)->entries, 1);
	assert_non_null(proof("both", 96, 0));
	count(0, COUNT_ENTRIES, 32, 0);
	count(0, COUNT_EXITS, 96, 0);
	count(511, COUNT_ENTRIES, 64, 0);
	assert_null(proof("both", 96, 0));
	assert_int_equal(counts.entries, 96);
	count(3, COUNT_EXITS, 1, 0);
	assert_string_equal(proof("both", 96, 0), "threads that left: 97 counted, not 96");
	count(4, COUNT_ENTRIES, 1, 0);
	assert_string_equal(proof("both", 96, 0), "threads that entered: 97 counted, not 96");
	assert_null(probed_reset(probed));
	assert_null(proof("both", 0, 0));
	probed_close(probed);
}

static void without_a_probe(void **state)
{
	(void)state;
	assert_null(probed_load(&probed, "anything", NULL, NULL));
	assert_null(probed_reset(probed));
	assert_null(probed_collect(probed, &counts));
	assert_int_equal(counts.entries, 0);
	assert_null(probe_proof(NULL, &counts, 5, 5));
	probed_close(probed);
}

static void elements_agree_with_counts(void **state)
{
	const struct probed_options options = {.elements = 64};
	uint64_t elements[64] = {[0] = 3, [17] = 4, [40] = 3};

	(void)state;
	assert_null(probed_load(&probed, PTX, probe_named("threads"), &options));
	assert_int_equal(probed_state(probed)->bits, 6);
	count(9, COUNT_ENTRIES, 12, 2);
	assert_string_equal(proof("threads", 12, 0), "sum of elements: 2 counted, not 12");
	assert_int_equal(cu.MemcpyHtoD(probed_state(probed)->memory, elements, sizeof(elements)),
			 0);
	assert_null(proof("threads", 12, 0));
	assert_int_equal(counts.elements, 3);
	assert_int_equal(counts.least, 3);
	assert_int_equal(counts.most, 4);
	assert_int_equal(counts.slots[0], 0);
	assert_int_equal(counts.slots[1], 2);
	assert_int_equal(counts.slots[2], 1);
	assert_int_equal(counts.overflow, 2);
	assert_null(probed_reset(probed));
	assert_null(proof("threads", 0, 0));
	probed_close(probed);
}

static void elements_of_the_host(void **state)
{
	(void)state;
	assert_null(probed_load(&probed, PTX, probe_named("hostmap"), NULL));
	assert_int_not_equal(probed_state(probed)->shadow, 0);
	((uint64_t *)probed_state(probed)->memory)[1000] = 7;
	count(0, COUNT_ENTRIES, 7, 0);
	assert_null(proof("hostmap", 7, 0));
	assert_null(probed_reset(probed));
	assert_null(proof("hostmap", 0, 0));
	assert_int_equal(counts.elements, 0);
	probed_close(probed);
	assert_null(probed_load(&probed, PTX, probe_named("hash"), NULL));
	assert_null(proof("hash", 0, 0));
	probed_close(probed);
}

static unsigned int seen;

static void see(const struct probe_event *event, void *data)
{
	(void)data;
	__atomic_fetch_add(&seen, event->lanes == 0xf, __ATOMIC_RELAXED);
}

static void put(uint64_t *words, unsigned int ring, unsigned int bits, uint64_t number)
{
	uint64_t *word =
		words + (((uint64_t)ring << bits) + (number & ((1u << bits) - 1))) * RING_WORDS;
	uint64_t tag = ((number >> bits) + 1) << 52;

	for (unsigned int i = RING_WORDS; i--;)
		__atomic_store_n(&word[i], tag | (i == 1 ? 0xf : 0), __ATOMIC_RELAXED);
}

/* The drain's thread takes them before anybody asks: the last is looked for, not waited for. */
static void a_drain_takes_events_meanwhile(void **state)
{
	const struct probed_options options = {.ring_bits = 4, .event = see};
	uint64_t *words;

	(void)state;
	seen = 0;
	assert_null(probed_load(&probed, PTX, probe_named("ring"), &options));
	words = (uint64_t *)probed_state(probed)->memory;
	for (unsigned int number = 0; number < 100; number++) {
		put(words, 500, 4, number);
		while (__atomic_load_n(&seen, __ATOMIC_RELAXED) <= number)
			;
	}
	count(500, COUNT_ENTRIES, 400, 0);
	count(500, COUNT_EVENTS, 100, 0);
	assert_null(proof("ring", 400, 0));
	assert_int_equal(counts.drained, 100);
	assert_int_equal(counts.lost, 0);
	count(500, COUNT_ENTRIES, 404, 0);
	count(500, COUNT_EVENTS, 101, 0);
	assert_null(proof("ring", 404, 0));
	assert_int_equal(counts.lost, 1);
	probed_close(probed);
}

static void a_trace_is_taken_when_it_is_collected(void **state)
{
	const struct probed_options options = {.ring_bits = 4, .event = see};
	static uint64_t words[512 * 16 * RING_WORDS];

	(void)state;
	seen = 0;
	assert_null(probed_load(&probed, PTX, probe_named("memtrace"), &options));
	for (unsigned int number = 0; number < 20; number++)
		put(words, 2, 4, number);
	assert_int_equal(cu.MemcpyHtoD(probed_state(probed)->memory, words, sizeof(words)), 0);
	count(2, COUNT_ACCESSES, 80, 0);
	count(2, COUNT_EVENTS, 20, 0);
	assert_null(proof("memtrace", 0, 80));
	assert_int_equal(seen, 16);
	assert_int_equal(counts.lost, 4);
	assert_non_null(proof("memtrace", 0, 81));
	assert_null(proof("memtrace", 0, ~0ull));
	assert_null(probed_reset(probed));
	assert_string_equal(proof("memtrace", 0, ~0ull), "no access was counted");
	probed_close(probed);
}

static void errors_are_said(void **state)
{
	const struct probed_options deep = {.ring_bits = 17}, odd = {.elements = 48};

	(void)state;
	assert_non_null(strstr(probed_load(&probed, PTX, probe_named("ring"), &deep), "4 to 16"));
	assert_non_null(strstr(probed_load(&probed, PTX, probe_named("hash"), &odd), "power of 2"));
	assert_null(probed);
	assert_string_equal(probed_load(&probed, "\n?", probe_named("both"), NULL),
			    "line 2 of the PTX: no statement of PTX begins with '?'");
	assert_null(probed);
	cu.CtxSetCurrent(NULL);
	assert_non_null(strstr(probed_load(&probed, PTX, probe_named("both"), NULL),
			       "CUDA_ERROR_INVALID_CONTEXT"));
	assert_null(probed);
	cu.CtxSetCurrent(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_add_up),
		cmocka_unit_test(without_a_probe),
		cmocka_unit_test(elements_agree_with_counts),
		cmocka_unit_test(elements_of_the_host),
		cmocka_unit_test(a_drain_takes_events_meanwhile),
		cmocka_unit_test(a_trace_is_taken_when_it_is_collected),
		cmocka_unit_test(errors_are_said),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
