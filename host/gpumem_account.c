// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "gpumem_account.h"
#include "gpumem_calls.h"
#include "util.h"

void gpumem_accounts_begin(struct gpumem_accounts *accounts)
{
	memset(accounts, 0, sizeof(*accounts));
	accounts->end = &accounts->first;
	accounts->leaks_older = UINT64_MAX;
}

static struct gpumem_account **bucket_of(struct gpumem_accounts *accounts, uint32_t process)
{
	return &accounts->buckets[process % ARRAY_SIZE(accounts->buckets)];
}

/* That of a process that runs; NULL: it has none. */
static struct gpumem_account *find(struct gpumem_accounts *accounts, uint32_t process)
{
	struct gpumem_account *account = accounts->last;

	if (account && account->process == process)
		return account;
	account = *bucket_of(accounts, process);
	while (account && account->process != process)
		account = account->bucket;
	if (account)
		accounts->last = account;
	return account;
}

struct gpumem_account *gpumem_accounts_add(struct gpumem_accounts *accounts, uint32_t process)
{
	struct gpumem_account **bucket = bucket_of(accounts, process);
	struct gpumem_account *account = calloc(1, sizeof(*account));

	if (!account)
		die("no memory for another process");
	account->process = process;
	account->bucket = *bucket;
	*bucket = account;
	*accounts->end = account;
	accounts->end = &account->next;
	accounts->number++;
	return account;
}

/* All that an event of an origin counts in. */
#define LEVELS 5

static void levels_of(struct gpumem_accounts *accounts, struct gpumem_account *account,
		      uint32_t origin, struct gpumem_counts *levels[LEVELS])
{
	struct gpumem_origin *its = &account->origins.all[origin];

	levels[0] = &its->counts;
	levels[1] = &its->of->counts;
	levels[2] = &its->of->all->counts;
	levels[3] = &account->counts;
	levels[4] = &accounts->total;
}

static void count_end(struct gpumem_accounts *accounts, struct gpumem_account *account,
		      uint32_t origin, uint64_t number, uint64_t bytes, enum gpumem_fate fate)
{
	struct gpumem_counts *levels[LEVELS];

	levels_of(accounts, account, origin, levels);
	for (int i = 0; i < LEVELS; i++)
		gpumem_counts_end(levels[i], number, bytes, fate);
}

struct ageing {
	struct gpumem_origin *origins;
	uint64_t older, now;
};

static void age_one(void *context, const struct gpumem_pointer *pointer)
{
	struct ageing *ageing = context;
	struct gpumem_aged *aged = &ageing->origins[pointer->origin].aged;
	int64_t age = gpumem_pointer_age(pointer, ageing->now);

	if (age < 0) /* it was given after now was read */
		age = 0;
	if ((uint64_t)age < ageing->older)
		return;
	aged->number++;
	aged->bytes += pointer->bytes;
	if ((uint64_t)age > aged->oldest)
		aged->oldest = age;
}

void gpumem_account_age(struct gpumem_account *account, uint64_t older, uint64_t now)
{
	struct ageing ageing = {account->origins.all, older, now};

	for (uint32_t origin = 0; origin < account->origins.number; origin++)
		account->origins.all[origin].aged = (struct gpumem_aged){0};
	for (size_t space = 0; space < GPUMEM_SPACES; space++)
		gpumem_live_each(&account->live[space], age_one, &ageing);
}

void gpumem_accounts_close(struct gpumem_accounts *accounts, struct gpumem_account *account,
			   enum gpumem_state state, uint64_t time)
{
	struct gpumem_account **bucket = bucket_of(accounts, account->process);

	while (*bucket != account)
		bucket = &(*bucket)->bucket;
	*bucket = account->bucket;
	accounts->last = NULL;
	account->state = state;
	account->ended = time;
	if (accounts->leaks_older != UINT64_MAX)
		gpumem_account_age(account, accounts->leaks_older, time);
	for (uint32_t origin = 0; origin < account->origins.number; origin++) {
		const struct gpumem_counts *counts = &account->origins.all[origin].counts;

		if (counts->live)
			count_end(accounts, account, origin, counts->live, counts->live_bytes,
				  GPUMEM_LEAKED);
	}
	for (size_t space = 0; space < GPUMEM_SPACES; space++)
		gpumem_live_clear(&account->live[space]);
}

static void begin(struct gpumem_accounts *accounts, const struct gpumem_event *event)
{
	struct gpumem_account *account = find(accounts, event->process);

	/* Two threads may have begun their process at once. */
	if (account && account->start == event->time)
		return;
	if (account && account->start) /* the end of one with the same id was lost */
		gpumem_accounts_close(accounts, account, GPUMEM_EXITED, event->time);
	if (!account || account->start)
		account = gpumem_accounts_add(accounts, event->process);
	account->start = event->time;
	memcpy(account->name, event->name, sizeof(account->name));
	account->name[sizeof(account->name) - 1] = 0;
}

static struct gpumem_live *live_of(struct gpumem_account *account, enum gpumem_kind kind)
{
	return &account->live[kind == GPUMEM_PHYSICAL ? GPUMEM_HANDLES
			      : kind == GPUMEM_HOST   ? GPUMEM_HOST_ADDRESSES
						      : GPUMEM_ADDRESSES];
}

static uint32_t origin_of(struct gpumem_accounts *accounts, struct gpumem_account *account,
			  const struct gpumem_event *event)
{
	uint32_t number = gpumem_origins_number(&account->origins, gpumem_calls[event->call].kind,
						event->device, event->context, event->stack);
	struct gpumem_origin *origin = &account->origins.all[number];

	if (!number)
		accounts->without_origin++;
	if (!origin->of) {
		origin->of = gpumem_device(&account->devices, origin->device);
		if (!origin->of->all)
			origin->of->all = gpumem_device(&accounts->devices, origin->device);
	}
	return number;
}

/* What its process and all count is told by the event of the free, which may come later. */
static void count_free(struct gpumem_accounts *accounts, struct gpumem_account *account,
		       const struct gpumem_pointer *slot)
{
	struct gpumem_origin *origin = &account->origins.all[slot->origin];

	origin->counts.frees++;
	origin->of->counts.frees++;
	origin->of->all->counts.frees++;
	count_end(accounts, account, slot->origin, 1, slot->bytes, GPUMEM_FREED);
}

static void allocate(struct gpumem_accounts *accounts, struct gpumem_account *account,
		     const struct gpumem_event *event)
{
	struct gpumem_live *live = live_of(account, gpumem_calls[event->call].kind);
	uint32_t origin = origin_of(accounts, account, event);
	struct gpumem_pointer *old = gpumem_live_find(live, event->pointer);
	struct gpumem_counts *levels[LEVELS];
	struct gpumem_pointer fresh;
	uint64_t bytes = event->bytes;

	if (bytes > GPUMEM_BYTES_MOST) {
		bytes = GPUMEM_BYTES_MOST;
		accounts->too_large++;
	}
	fresh = gpumem_pointer(event->pointer, bytes, event->time, origin);
	if (old) {
		account->owed++;
		count_free(accounts, account, old);
		*old = fresh;
	} else if (fresh.pointer) {
		gpumem_live_add(live, &fresh);
	}
	levels_of(accounts, account, origin, levels);
	for (int i = 0; i < LEVELS; i++) {
		levels[i]->allocations++;
		levels[i]->allocated_bytes += bytes;
		if (fresh.pointer)
			gpumem_counts_begin(levels[i], bytes);
	}
}

static void release(struct gpumem_accounts *accounts, struct gpumem_account *account,
		    const struct gpumem_event *event)
{
	struct gpumem_live *live = live_of(account, gpumem_calls[event->call].kind);
	struct gpumem_pointer *slot = gpumem_live_find(live, event->pointer);

	account->counts.frees++;
	accounts->total.frees++;
	/* One that was called before the pointer was given is of him who had it before. */
	if (slot && gpumem_pointer_age(slot, event->time) >= 0) {
		count_free(accounts, account, slot);
		gpumem_live_remove(live, slot);
	} else if (account->owed) {
		account->owed--;
	} else {
		account->counts.unknown_frees++;
		accounts->total.unknown_frees++;
	}
}

struct taking {
	struct gpumem_accounts *accounts;
	struct gpumem_account *account;
	uint32_t context;
};

static bool is_not_taken(void *context, const struct gpumem_pointer *pointer)
{
	struct taking *taking = context;

	if (taking->account->origins.all[pointer->origin].context != taking->context)
		return true;
	count_end(taking->accounts, taking->account, pointer->origin, 1, pointer->bytes,
		  GPUMEM_TAKEN_BACK);
	return false;
}

/* A walk over all that is live, but only where a context has any of it. */
static void take_back(struct gpumem_accounts *accounts, struct gpumem_account *account,
		      uint32_t context)
{
	struct taking taking = {accounts, account, context};
	uint64_t live = 0;

	for (uint32_t i = 0; i < account->origins.number; i++)
		if (account->origins.all[i].context == context)
			live += account->origins.all[i].counts.live;
	for (size_t space = 0; live && context && space < GPUMEM_SPACES; space++)
		gpumem_live_sift(&account->live[space], is_not_taken, &taking);
}

void gpumem_accounts_take(struct gpumem_accounts *accounts, const struct gpumem_event *event)
{
	struct gpumem_account *account = find(accounts, event->process);

	switch (event->type) {
	case GPUMEM_BEGIN:
		begin(accounts, event);
		return;
	case GPUMEM_EXEC:
	case GPUMEM_EXIT:
		if (account)
			gpumem_accounts_close(accounts, account,
					      event->type == GPUMEM_EXEC ? GPUMEM_REPLACED
									 : GPUMEM_EXITED,
					      event->time);
		return;
	}
	if (!account) /* its BEGIN was lost */
		account = gpumem_accounts_add(accounts, event->process);
	switch (event->type) {
	case GPUMEM_ALLOCATION:
		allocate(accounts, account, event);
		break;
	case GPUMEM_RELEASE:
		release(accounts, account, event);
		break;
	case GPUMEM_TAKE_BACK:
		take_back(accounts, account, event->context);
		break;
	case GPUMEM_FAILURE:
		if (gpumem_calls[event->call].shape == GPUMEM_FREE) {
			account->counts.failed_frees++;
			accounts->total.failed_frees++;
		} else {
			account->counts.failed_allocations++;
			accounts->total.failed_allocations++;
		}
		break;
	}
}

void gpumem_accounts_sweep(struct gpumem_accounts *accounts)
{
	for (struct gpumem_account *account = accounts->first; account; account = account->next)
		if (account->state == GPUMEM_RUNNING && kill(account->process, 0) && errno == ESRCH)
			gpumem_accounts_close(accounts, account, GPUMEM_EXITED, now_ns());
}

void gpumem_accounts_end(struct gpumem_accounts *accounts)
{
	struct gpumem_account *next;

	for (struct gpumem_account *account = accounts->first; account; account = next) {
		next = account->next;
		for (size_t space = 0; space < GPUMEM_SPACES; space++)
			gpumem_live_clear(&account->live[space]);
		gpumem_origins_clear(&account->origins);
		gpumem_devices_clear(&account->devices);
		free(account);
	}
	gpumem_devices_clear(&accounts->devices);
	gpumem_accounts_begin(accounts);
}
