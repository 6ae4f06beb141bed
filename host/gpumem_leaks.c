// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gpumem_leaks.h"
#include "gpumem_text.h"
#include "json_file.h"
#include "util.h"

static int by_bytes(const void *a, const void *b)
{
	const struct gpumem_aged *one = &((const struct gpumem_leak *)a)->origin->aged;
	const struct gpumem_aged *other = &((const struct gpumem_leak *)b)->origin->aged;

	return one->bytes == other->bytes ? 0 : one->bytes < other->bytes ? 1 : -1;
}

static void add(struct gpumem_leaks *leaks, struct gpumem_leak *all,
		const struct gpumem_account *account, const struct gpumem_origin *origin)
{
	if (!origin->aged.number)
		return;
	all[leaks->number++] = (struct gpumem_leak){account, origin};
	leaks->allocations += origin->aged.number;
	leaks->bytes += origin->aged.bytes;
}

void gpumem_leaks_begin(struct gpumem_leaks *leaks, struct gpumem_accounts *accounts)
{
	struct gpumem_leak *all;
	uint64_t now = now_ns();
	size_t most = 0;

	*leaks = (struct gpumem_leaks){.older = accounts->leaks_older};
	for (struct gpumem_account *one = accounts->first; one; one = one->next) {
		if (one->state == GPUMEM_RUNNING)
			gpumem_account_age(one, accounts->leaks_older, now);
		most += one->origins.number;
	}
	all = calloc(most + 1, sizeof(*all));
	if (!all)
		die("no memory for what is leaked");
	for (const struct gpumem_account *one = accounts->first; one; one = one->next)
		for (uint32_t i = 0; i < one->origins.number; i++)
			add(leaks, all, one, &one->origins.all[i]);
	qsort(all, leaks->number, sizeof(*all), by_bytes);
	leaks->all = all;
}

static void print_one(FILE *out, const struct gpumem_leak *leak)
{
	const struct gpumem_origin *origin = leak->origin;
	char bytes[16], device[8], name[GPUMEM_NAME];

	memcpy(name, leak->account->name, sizeof(name));
	tame(name);
	fprintf(out, "%s in %" PRIu64 " allocation%s, %s memory, device %s",
		gpumem_bytes_text(origin->aged.bytes, bytes), origin->aged.number,
		origin->aged.number == 1 ? "" : "s", gpumem_kind_name(origin->kind),
		gpumem_device_name(origin->device, device));
	if (origin->context)
		fprintf(out, ", context %u", origin->context);
	fprintf(out, ", process %u %s (%s), oldest %.3f s\n", leak->account->process, name,
		gpumem_state_name(leak->account->state), origin->aged.oldest / 1e9);
}

void gpumem_leaks_print(FILE *out, const struct gpumem_leaks *leaks,
			const struct gpumem_stacks *stacks, size_t top)
{
	char bytes[16];

	fprintf(out, "leaked, or live");
	if (leaks->older)
		fprintf(out, ", for %.3f s and more", leaks->older / 1e9);
	fprintf(out, ": %s in %" PRIu64 " allocation%s of %zu origin%s%s\n",
		gpumem_bytes_text(leaks->bytes, bytes), leaks->allocations,
		leaks->allocations == 1 ? "" : "s", leaks->number, leaks->number == 1 ? "" : "s",
		top < leaks->number ? "; the largest:" : "");
	for (size_t i = 0; i < leaks->number && i < top; i++) {
		print_one(out, &leaks->all[i]);
		if (stacks)
			gpumem_stacks_print(out, stacks, leaks->all[i].origin->stack);
	}
}

static json_t *json_leak(const struct gpumem_leak *leak, const struct gpumem_stacks *stacks)
{
	const struct gpumem_origin *origin = leak->origin;
	json_t *object = json_object();
	char device[8];

	json_object_set_new(object, "pid", json_integer(leak->account->process));
	json_object_set_new(object, "name", json_printable(leak->account->name));
	json_object_set_new(object, "state", json_string(gpumem_state_name(leak->account->state)));
	json_object_set_new(object, "kind", json_string(gpumem_kind_name(origin->kind)));
	json_object_set_new(object, "device",
			    json_string(gpumem_device_name(origin->device, device)));
	json_object_set_new(object, "context", json_integer(origin->context));
	json_object_set_new(object, "allocations", json_integer(origin->aged.number));
	json_object_set_new(object, "bytes", json_integer(origin->aged.bytes));
	json_object_set_new(object, "oldest", json_real(origin->aged.oldest / 1e9));
	if (stacks)
		json_object_set_new(object, "stack", gpumem_stacks_json(stacks, origin->stack));
	return object;
}

json_t *gpumem_leaks_json(const struct gpumem_leaks *leaks, const struct gpumem_stacks *stacks,
			  size_t top)
{
	json_t *array = json_array();

	for (size_t i = 0; i < leaks->number && i < top; i++)
		json_array_append_new(array, json_leak(&leaks->all[i], stacks));
	return array;
}

void gpumem_leaks_end(struct gpumem_leaks *leaks)
{
	free((void *)leaks->all);
	leaks->all = NULL;
}
