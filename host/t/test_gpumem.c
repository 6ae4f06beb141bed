// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of live pointers against a plain list, its size, and what events add up to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../gpumem_account.h"

#define POINTERS 4000

static uint64_t state = 88172645463325252ull;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* As a driver gives them: equally far from each other. */
static uint64_t pointer_of(size_t i)
{
	return 0x7f0000000000ull + i * 512;
}

static void live_add(struct gpumem_live *live, uint64_t pointer, uint64_t bytes)
{
	struct gpumem_pointer fresh = gpumem_pointer(pointer, bytes, 0, 0);

	gpumem_live_add(live, &fresh);
}

static void live_remove(struct gpumem_live *live, uint64_t pointer)
{
	struct gpumem_pointer *slot = gpumem_live_find(live, pointer);

	assert_non_null(slot);
	gpumem_live_remove(live, slot);
}

/* Every pointer is there with its bytes, or is not, as the list says. */
static void assert_like(const struct gpumem_live *live, const uint64_t *list)
{
	for (size_t i = 0; i < POINTERS; i++) {
		struct gpumem_pointer *slot = gpumem_live_find(live, pointer_of(i));

		assert_int_equal(!!slot, !!list[i]);
		if (slot)
			assert_int_equal(slot->bytes, list[i]);
	}
}

static void table_is_like_a_list(void **context)
{
	static uint64_t list[POINTERS];
	struct gpumem_live live = {0};

	(void)context;
	for (size_t turn = 0; turn < 200000; turn++) {
		size_t i = next_random() % POINTERS;
		/* It fills, and empties, and fills. */
		bool add = next_random() % 100 < (turn / 50000 % 2 ? 10 : 90);

		if (add && !list[i]) {
			list[i] = 1 + turn;
			live_add(&live, pointer_of(i), list[i]);
		} else if (!add && list[i]) {
			list[i] = 0;
			live_remove(&live, pointer_of(i));
		}
		if (turn % 20000 == 0)
			assert_like(&live, list);
	}
	assert_like(&live, list);
	gpumem_live_clear(&live);
	assert_int_equal(gpumem_live_memory(&live), 0);
}

/* 32 bytes a pointer at most, at every number from some thousand on, and little when they are gone.
 */
static void table_is_small(void **context)
{
	struct gpumem_live live = {0};
	const size_t most = 500000;

	(void)context;
	for (size_t i = 0; i < most; i++) {
		live_add(&live, pointer_of(i), 512);
		if (i >= 50000 && i % 1000 == 0)
			assert_in_range(gpumem_live_memory(&live), 24 * i, 32 * i);
	}
	for (size_t i = 0; i < most; i++)
		live_remove(&live, pointer_of(i));
	assert_in_range(gpumem_live_memory(&live), 0, 200000);
	gpumem_live_clear(&live);
}

/* As the tracer promises, and in little of the time that so many calls take. */
static void ten_million(void **context)
{
	struct gpumem_live live = {0};
	const size_t most = 10000000;

	(void)context;
	for (size_t i = 0; i < most; i++)
		live_add(&live, pointer_of(i), 512);
	assert_in_range(gpumem_live_memory(&live), 24 * most, 340000000);
	gpumem_live_clear(&live);
}

/* Each member has its bits, up to the last. */
static void slots_are_packed(void **context)
{
	struct gpumem_pointer all =
		gpumem_pointer(UINT64_MAX, GPUMEM_BYTES_MOST, UINT64_MAX, (1 << 24) - 1);
	struct gpumem_pointer one = gpumem_pointer(1, 2, 0x123456789abcde, 3);

	(void)context;
	assert_int_equal(sizeof(one), 24);
	assert_true(all.pointer == UINT64_MAX);
	assert_true(all.bytes == GPUMEM_BYTES_MOST);
	assert_int_equal(all.origin, (1 << 24) - 1);
	assert_int_equal(gpumem_pointer_age(&all, UINT64_MAX), 0);
	assert_int_equal(one.pointer, 1);
	assert_int_equal(one.bytes, 2);
	assert_int_equal(one.origin, 3);
	assert_true(gpumem_pointer_age(&one, 0x123456789abcde + 5) == 5);
	assert_true(gpumem_pointer_age(&one, 0x123456789abcde - 5) == -5);
	/* The clock goes on beyond the bits that are kept. */
	assert_true(gpumem_pointer_age(&all, 7) == 8);
}

static bool is_even(void *seen, const struct gpumem_pointer *pointer)
{
	++*(size_t *)seen;
	return pointer->bytes % 2 == 0;
}

static void see(void *sum, const struct gpumem_pointer *pointer)
{
	*(uint64_t *)sum += pointer->bytes;
}

static void sifted(void **context)
{
	struct gpumem_live live = {0};
	uint64_t sum = 0, expected = 0;
	size_t seen = 0;

	(void)context;
	for (size_t i = 1; i <= POINTERS; i++) {
		live_add(&live, pointer_of(i), i);
		expected += i % 2 ? 0 : i;
	}
	gpumem_live_sift(&live, is_even, &seen);
	assert_int_equal(seen, POINTERS);
	for (size_t i = 1; i <= POINTERS; i++)
		assert_int_equal(!gpumem_live_find(&live, pointer_of(i)), i % 2);
	gpumem_live_each(&live, see, &sum);
	assert_int_equal(sum, expected);
	gpumem_live_clear(&live);
}

/* The same is one, however many there are; what finds no room is the first. */
static void origins_are_interned(void **context)
{
	struct gpumem_origins origins = {0};
	uint32_t one;

	(void)context;
	one = gpumem_origins_number(&origins, GPUMEM_DEVICE, 0, 1, 7);
	assert_int_equal(one, 1);
	assert_int_equal(gpumem_origins_number(&origins, GPUMEM_DEVICE, 0, 1, 7), one);
	assert_int_not_equal(gpumem_origins_number(&origins, GPUMEM_MANAGED, 0, 1, 7), one);
	assert_int_not_equal(gpumem_origins_number(&origins, GPUMEM_DEVICE, 1, 1, 7), one);
	assert_int_not_equal(gpumem_origins_number(&origins, GPUMEM_DEVICE, 0, 2, 7), one);
	assert_int_not_equal(gpumem_origins_number(&origins, GPUMEM_DEVICE, 0, 1, 8), one);
	assert_int_equal(origins.number, 6);
	for (uint64_t stack = 100; origins.number < GPUMEM_ORIGINS_MOST; stack++)
		gpumem_origins_number(&origins, GPUMEM_DEVICE, 0, 1, stack);
	assert_int_equal(gpumem_origins_number(&origins, GPUMEM_DEVICE, 0, 1, 99), 0);
	assert_int_equal(origins.all[0].kind, GPUMEM_KINDS);
	assert_int_equal(gpumem_origins_number(&origins, GPUMEM_DEVICE, 0, 1, 7), one);
	assert_int_equal(gpumem_origins_number(&origins, GPUMEM_DEVICE, 0, 1, 101), 7);
	assert_int_equal(origins.number, GPUMEM_ORIGINS_MOST);
	gpumem_origins_clear(&origins);
}

static void take_event(struct gpumem_accounts *accounts, struct gpumem_event event)
{
	gpumem_accounts_take(accounts, &event);
}

static void take(struct gpumem_accounts *accounts, enum gpumem_type type, uint32_t process,
		 uint64_t time, uint64_t pointer, uint64_t bytes)
{
	struct gpumem_event event = {
		.time = time,
		.pointer = pointer,
		.bytes = bytes,
		.process = process,
		.type = type,
		.call = bytes ? GPUMEM_CALL_cuMemAlloc_v2 : GPUMEM_CALL_cuMemFree_v2,
	};

	if (type == GPUMEM_BEGIN)
		memset(event.name, 0, sizeof(event.name));
	gpumem_accounts_take(accounts, &event);
}

/* One pointer in two processes is two; what is live at an end is leaked. */
static void processes_are_apart(void **context)
{
	struct gpumem_accounts accounts;
	const struct gpumem_counts *total = &accounts.total;

	(void)context;
	gpumem_accounts_begin(&accounts);
	take(&accounts, GPUMEM_ALLOCATION, 1, 10, 512, 100);
	take(&accounts, GPUMEM_ALLOCATION, 1025, 11, 512, 200); /* of the same bucket */
	take(&accounts, GPUMEM_RELEASE, 1, 12, 512, 0);
	assert_int_equal(total->live_bytes, 200);
	assert_int_equal(total->peak_bytes, 300);
	take(&accounts, GPUMEM_EXIT, 1025, 13, 0, 0);
	assert_int_equal(total->live_bytes, 0);
	assert_int_equal(total->leaked_bytes, 200);
	assert_int_equal(accounts.first->next->counts.leaked, 1);
	assert_int_equal(accounts.first->next->state, GPUMEM_EXITED);
	/* Its id begins anew, as another. */
	take(&accounts, GPUMEM_RELEASE, 1025, 14, 512, 0);
	assert_int_equal(accounts.number, 3);
	assert_int_equal(total->unknown_frees, 1);
	gpumem_accounts_end(&accounts);
}

/* A free that arrives behind the allocation which got its pointer is not that one's. */
static void late_frees(void **context)
{
	struct gpumem_accounts accounts;
	const struct gpumem_counts *total = &accounts.total;

	(void)context;
	gpumem_accounts_begin(&accounts);
	take(&accounts, GPUMEM_ALLOCATION, 1, 10, 512, 100);
	take(&accounts, GPUMEM_ALLOCATION, 1, 30, 512, 1000);
	assert_int_equal(total->live_bytes, 1000);
	take(&accounts, GPUMEM_RELEASE, 1, 20, 512, 0);
	assert_int_equal(total->live_bytes, 1000);
	assert_int_equal(total->live, 1);
	assert_int_equal(total->freed_bytes, 100);
	take(&accounts, GPUMEM_RELEASE, 1, 40, 512, 0);
	assert_int_equal(total->live_bytes, 0);
	assert_int_equal(total->freed_bytes, 1100);
	assert_int_equal(total->frees, 2);
	assert_int_equal(total->unknown_frees, 0);
	/* Still later, when the second free has come as well. */
	take(&accounts, GPUMEM_ALLOCATION, 1, 50, 512, 1);
	take(&accounts, GPUMEM_ALLOCATION, 1, 70, 512, 1);
	take(&accounts, GPUMEM_RELEASE, 1, 80, 512, 0);
	take(&accounts, GPUMEM_RELEASE, 1, 60, 512, 0);
	assert_int_equal(total->live, 0);
	assert_int_equal(total->unknown_frees, 0);
	/* Its device counts each of them, too. */
	assert_int_equal(total->frees, 4);
	assert_int_equal(accounts.devices->counts.frees, 4);
	assert_int_equal(accounts.devices->counts.live, 0);
	/* Each late free stands for one: another is of a pointer that nobody knows. */
	take(&accounts, GPUMEM_RELEASE, 1, 90, 512, 0);
	assert_int_equal(total->unknown_frees, 1);
	gpumem_accounts_end(&accounts);
}

/* Two threads may announce one process; another start is another process. */
static void beginnings(void **context)
{
	struct gpumem_accounts accounts;

	(void)context;
	gpumem_accounts_begin(&accounts);
	take(&accounts, GPUMEM_BEGIN, 1, 1000, 0, 0);
	take(&accounts, GPUMEM_ALLOCATION, 1, 2000, 512, 100);
	take(&accounts, GPUMEM_BEGIN, 1, 1000, 0, 0);
	assert_int_equal(accounts.number, 1);
	assert_int_equal(accounts.total.live, 1);
	take(&accounts, GPUMEM_BEGIN, 1, 5000, 0, 0);
	assert_int_equal(accounts.number, 2);
	assert_int_equal(accounts.total.live, 0);
	assert_int_equal(accounts.total.leaked, 1);
	take(&accounts, GPUMEM_EXEC, 1, 6000, 0, 0);
	assert_int_equal(accounts.first->next->state, GPUMEM_REPLACED);
	gpumem_accounts_end(&accounts);
}

/* One number in two spaces is two pointers. */
static void spaces_are_apart(void **context)
{
	struct gpumem_accounts accounts;
	struct gpumem_event event = {.type = GPUMEM_ALLOCATION, .process = 1, .pointer = 512};

	(void)context;
	gpumem_accounts_begin(&accounts);
	event.call = GPUMEM_CALL_cuMemCreate;
	event.bytes = 1;
	take_event(&accounts, event);
	event.call = GPUMEM_CALL_cuMemAllocManaged;
	event.bytes = 2;
	take_event(&accounts, event);
	event.call = GPUMEM_CALL_cuMemHostAlloc;
	event.bytes = 4;
	take_event(&accounts, event);
	assert_int_equal(accounts.total.live, 3);
	take(&accounts, GPUMEM_RELEASE, 1, 9, 512, 0);
	assert_int_equal(accounts.total.live_bytes, 5);
	event.type = GPUMEM_RELEASE;
	event.call = GPUMEM_CALL_cuMemRelease;
	take_event(&accounts, event);
	assert_int_equal(accounts.total.live_bytes, 4);
	assert_int_equal(accounts.total.unknown_frees, 0);
	gpumem_accounts_end(&accounts);
}

/* What is of no context, or of another, stays. */
static void contexts_take_back(void **context)
{
	struct gpumem_accounts accounts;
	struct gpumem_event event = {.call = GPUMEM_CALL_cuMemAlloc_v2, .process = 1};
	const struct gpumem_counts *first, *second;

	(void)context;
	gpumem_accounts_begin(&accounts);
	for (int i = 0; i < 300; i++) {
		event.type = GPUMEM_ALLOCATION;
		event.pointer = 512 * (1 + i);
		event.context = i % 3;
		event.device = i % 3 == 2;
		event.bytes = 1 + i % 3;
		take_event(&accounts, event);
	}
	event.type = GPUMEM_TAKE_BACK;
	event.context = 2;
	take_event(&accounts, event);
	take_event(&accounts, event);
	first = &accounts.first->devices->counts;
	second = &accounts.first->devices->next->counts;
	assert_int_equal(accounts.total.taken_back, 100);
	assert_int_equal(accounts.total.taken_back_bytes, 300);
	assert_int_equal(accounts.total.live_bytes, 300);
	assert_int_equal(first->live, 200);
	assert_int_equal(second->live, 0);
	assert_int_equal(second->taken_back, 100);
	assert_int_equal(second->peak_bytes, 300);
	event.context = 0; /* unknown: none's */
	take_event(&accounts, event);
	assert_int_equal(accounts.total.live, 200);
	take(&accounts, GPUMEM_EXIT, 1, 0, 0, 0);
	assert_int_equal(first->leaked, 200);
	assert_int_equal(first->allocations, 200);
	assert_int_equal(second->leaked, 0);
	assert_int_equal(accounts.devices->next->counts.taken_back_bytes, 300);
	gpumem_accounts_end(&accounts);
}

static void sizes_beyond_the_slot(void **context)
{
	struct gpumem_accounts accounts;

	(void)context;
	gpumem_accounts_begin(&accounts);
	take(&accounts, GPUMEM_ALLOCATION, 1, 1, 512, 1ull << 48);
	take(&accounts, GPUMEM_ALLOCATION, 1, 1, 1024, GPUMEM_BYTES_MOST);
	assert_int_equal(accounts.too_large, 1);
	assert_true(accounts.total.live_bytes == 2 * GPUMEM_BYTES_MOST);
	take(&accounts, GPUMEM_RELEASE, 1, 2, 512, 0);
	assert_true(accounts.total.live_bytes == GPUMEM_BYTES_MOST);
	gpumem_accounts_end(&accounts);
}

/* At least so old when the process ends, or now; the age stands still when it has ended. */
static void ages(void **context)
{
	struct gpumem_accounts accounts;
	const struct gpumem_aged *aged;

	(void)context;
	gpumem_accounts_begin(&accounts);
	accounts.leaks_older = 50;
	take(&accounts, GPUMEM_ALLOCATION, 1, 100, 512, 1);
	take(&accounts, GPUMEM_ALLOCATION, 1, 150, 1024, 2);
	take(&accounts, GPUMEM_ALLOCATION, 1, 151, 2048, 4);
	gpumem_account_age(accounts.first, 50, 150);
	aged = &accounts.first->origins.all[1].aged;
	assert_int_equal(aged->number, 1);
	assert_int_equal(aged->oldest, 50);
	take(&accounts, GPUMEM_EXIT, 1, 200, 0, 0);
	assert_int_equal(accounts.first->ended, 200);
	assert_int_equal(aged->number, 2);
	assert_int_equal(aged->bytes, 3);
	assert_int_equal(aged->oldest, 100);
	gpumem_accounts_end(&accounts);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_like_a_list),
		cmocka_unit_test(table_is_small),
		cmocka_unit_test(ten_million),
		cmocka_unit_test(slots_are_packed),
		cmocka_unit_test(sifted),
		cmocka_unit_test(origins_are_interned),
		cmocka_unit_test(spaces_are_apart),
		cmocka_unit_test(contexts_take_back),
		cmocka_unit_test(sizes_beyond_the_slot),
		cmocka_unit_test(ages),
		cmocka_unit_test(processes_are_apart),
		cmocka_unit_test(late_frees),
		cmocka_unit_test(beginnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
