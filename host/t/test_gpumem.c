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
	struct gpumem_pointer fresh = {.pointer = pointer, .kind = GPUMEM_DEVICE, .bytes = bytes};

	gpumem_live_add(live, &fresh);
}

static void live_remove(struct gpumem_live *live, uint64_t pointer)
{
	struct gpumem_pointer *slot = gpumem_live_find(live, pointer, GPUMEM_DEVICE);

	assert_non_null(slot);
	gpumem_live_remove(live, slot);
}

/* Every pointer is there with its bytes, or is not, as the list says. */
static void assert_like(const struct gpumem_live *live, const uint64_t *list)
{
	for (size_t i = 0; i < POINTERS; i++) {
		struct gpumem_pointer *slot = gpumem_live_find(live, pointer_of(i), GPUMEM_DEVICE);

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

static void table_knows_spaces(void **context)
{
	struct gpumem_live live = {0};
	struct gpumem_pointer handle = {.pointer = 512, .kind = GPUMEM_PHYSICAL, .bytes = 1};
	struct gpumem_pointer managed = {.pointer = 512, .kind = GPUMEM_MANAGED, .bytes = 2};

	(void)context;
	gpumem_live_add(&live, &handle);
	assert_null(gpumem_live_find(&live, 512, GPUMEM_DEVICE));
	gpumem_live_add(&live, &managed);
	assert_int_equal(gpumem_live_find(&live, 512, GPUMEM_DEVICE)->bytes, 2);
	assert_int_equal(gpumem_live_find(&live, 512, GPUMEM_PHYSICAL)->bytes, 1);
	assert_null(gpumem_live_find(&live, 512, GPUMEM_HOST));
	gpumem_live_clear(&live);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_like_a_list), cmocka_unit_test(table_is_small),
		cmocka_unit_test(table_knows_spaces),	cmocka_unit_test(processes_are_apart),
		cmocka_unit_test(late_frees),		cmocka_unit_test(beginnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
