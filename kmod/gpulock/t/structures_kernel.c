// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See structures.h. */
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

/* The module's own, compiled in, since it is not exported. */
#include "grants.c"
#include "structures.h"

static void *maple_create(void)
{
	struct grants *grants = kmalloc(sizeof(*grants), GFP_KERNEL);

	if (grants)
		grants_init(grants);
	return grants;
}

static void *maple_alloc_create(void)
{
	struct grants *grants = maple_create();

	if (grants)
		mt_init_flags(&grants->tree, MT_FLAGS_USE_RCU | MT_FLAGS_ALLOC_RANGE);
	return grants;
}

static int maple_add(void *of, u64 start, u64 last, u32 access)
{
	return grants_add(of, start, last, access);
}

static bool maple_allow(void *of, u64 start, u64 last, u32 access)
{
	return grants_allow(of, start, last, access);
}

static void maple_destroy(void *of)
{
	grants_free(of);
	kfree(of);
}

const struct structure structure_maple = {maple_create, maple_add, maple_allow, maple_destroy};
const struct structure structure_maple_alloc = {maple_alloc_create, maple_add, maple_allow,
						maple_destroy};

/* The module's own, when its grants have not changed for a while. */
static bool index_allow(void *of, u64 start, u64 last, u32 access)
{
	struct grants *grants = of;

	if (unlikely(!rcu_access_pointer(grants->index)))
		grants_make_index(grants);
	return grants_allow(grants, start, last, access);
}

const struct structure structure_index = {maple_create, maple_add, index_allow, maple_destroy};

struct listed {
	struct list_head list;
	u64 start, last;
	u32 access;
};

struct locked_list {
	spinlock_t lock; /* of the list, for readers too */
	struct list_head list;
};

static void *list_create(void)
{
	struct locked_list *list = kmalloc(sizeof(*list), GFP_KERNEL);

	if (list) {
		spin_lock_init(&list->lock);
		INIT_LIST_HEAD(&list->list);
	}
	return list;
}

static int list_insert(void *of, u64 start, u64 last, u32 access)
{
	struct listed *listed = kmalloc(sizeof(*listed), GFP_KERNEL);
	struct locked_list *list = of;

	if (!listed)
		return -ENOMEM;
	*listed = (struct listed){.start = start, .last = last, .access = access};
	spin_lock(&list->lock);
	list_add_tail(&listed->list, &list->list);
	spin_unlock(&list->lock);
	return 0;
}

static bool list_allow(void *of, u64 start, u64 last, u32 access)
{
	struct locked_list *list = of;
	const struct listed *listed;
	bool allowed = false;

	spin_lock(&list->lock);
	list_for_each_entry(listed, &list->list, list) {
		if (start >= listed->start && last <= listed->last) {
			allowed = !(access & ~listed->access);
			break;
		}
	}
	spin_unlock(&list->lock);
	return allowed;
}

static void list_destroy(void *of)
{
	struct locked_list *list = of;
	struct listed *listed, *next;

	list_for_each_entry_safe(listed, next, &list->list, list)
		kfree(listed);
	kfree(list);
}

const struct structure structure_list = {list_create, list_insert, list_allow, list_destroy};

/* An entry for each page: a grant of many pages is as many, and its check as many look-ups. */
struct page_entry {
	struct rhash_head hashed;
	u64 page;
	u32 access;
};

static const struct rhashtable_params page_parameters = {
	.head_offset = offsetof(struct page_entry, hashed),
	.key_offset = offsetof(struct page_entry, page),
	.key_len = sizeof(u64),
	.automatic_shrinking = true,
};

static void *pages_create(void)
{
	struct rhashtable *table = kmalloc(sizeof(*table), GFP_KERNEL);

	if (table && rhashtable_init(table, &page_parameters)) {
		kfree(table);
		table = NULL;
	}
	return table;
}

static int pages_add(void *of, u64 start, u64 last, u32 access)
{
	for (u64 page = start >> 12; page <= last >> 12; page++) {
		struct page_entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);
		int error;

		if (!entry)
			return -ENOMEM;
		entry->page = page;
		entry->access = access;
		error = rhashtable_insert_fast(of, &entry->hashed, page_parameters);
		if (error) {
			kfree(entry);
			return error;
		}
	}
	return 0;
}

static bool pages_allow(void *of, u64 start, u64 last, u32 access)
{
	for (u64 page = start >> 12; page <= last >> 12; page++) {
		const struct page_entry *entry = rhashtable_lookup(of, &page, page_parameters);

		if (!entry || access & ~entry->access)
			return false;
	}
	return true;
}

static void free_entry(void *entry, void *unused)
{
	kfree(entry);
}

static void pages_destroy(void *of)
{
	rhashtable_free_and_destroy(of, free_entry, NULL);
	kfree(of);
}

const struct structure structure_rhashtable = {pages_create, pages_add, pages_allow, pages_destroy};
