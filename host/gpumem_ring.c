// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/bpf.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpumem_ring.h"

#define WINDOW	    (256ull << 10) /* bytes, and a page more for a record across its end */
#define GIVE_BACK   (64ull << 10)  /* so often the kernel is told what is free again */
#define RECORD_UNIT 8

static uint64_t page(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* The kernel has the data twice in a row, so a window may reach over its end. */
static uint64_t window_bytes(const struct gpumem_ring *ring)
{
	return (ring->size < WINDOW ? ring->size : WINDOW) + page();
}

int gpumem_ring_open(struct gpumem_ring *ring, int map, uint64_t size)
{
	void *consumed = mmap(NULL, page(), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	void *produced = mmap(NULL, page(), PROT_READ, MAP_SHARED, map, page());

	*ring = (struct gpumem_ring){.map = map, .size = size};
	if (consumed != MAP_FAILED)
		ring->consumed = consumed;
	if (produced != MAP_FAILED)
		ring->produced = produced;
	return consumed == MAP_FAILED || produced == MAP_FAILED ? -1 : 0;
}

static void close_window(struct gpumem_ring *ring)
{
	if (ring->window)
		munmap((void *)ring->window, window_bytes(ring));
	ring->window = NULL;
}

/* The record at a position, mapped whole; NULL with errno. Records are shorter than a page. */
static const char *record_at(struct gpumem_ring *ring, uint64_t position)
{
	uint64_t start = position & ~(page() - 1);
	void *window;

	if (ring->window && position >= ring->window_start &&
	    position < ring->window_start + window_bytes(ring) - page())
		return ring->window + (position - ring->window_start);
	close_window(ring);
	window = mmap(NULL, window_bytes(ring), PROT_READ, MAP_SHARED, ring->map,
		      2 * page() + (start & (ring->size - 1)));
	if (window == MAP_FAILED)
		return NULL;
	ring->window = window;
	ring->window_start = start;
	return ring->window + (position - start);
}

long gpumem_ring_read(struct gpumem_ring *ring, void (*take)(void *context, const void *record),
		      void *context)
{
	uint64_t position = *ring->consumed, given_back = position;
	uint64_t waiting = __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE) - position;
	long number = 0;

	if (waiting > ring->most_bytes)
		ring->most_bytes = waiting;
	while (position < __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE)) {
		const char *record = record_at(ring, position);
		uint32_t length;

		if (!record)
			return -1;
		length = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
		if (length & BPF_RINGBUF_BUSY_BIT) /* still being written; it comes next time */
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			take(context, record + BPF_RINGBUF_HDR_SZ);
			number++;
		}
		length &= ~BPF_RINGBUF_DISCARD_BIT;
		position += (length + BPF_RINGBUF_HDR_SZ + RECORD_UNIT - 1) & ~(RECORD_UNIT - 1);
		if (position - given_back < GIVE_BACK)
			continue;
		__atomic_store_n(ring->consumed, position, __ATOMIC_RELEASE);
		given_back = position;
	}
	__atomic_store_n(ring->consumed, position, __ATOMIC_RELEASE);
	return number;
}

void gpumem_ring_close(struct gpumem_ring *ring)
{
	close_window(ring);
	if (ring->consumed)
		munmap(ring->consumed, page());
	if (ring->produced)
		munmap((void *)ring->produced, page());
	*ring = (struct gpumem_ring){0};
}
