/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading a BPF ring buffer through a small window. libbpf maps the whole buffer twice, and every
 * page of it is then resident: 32 MiB for 16. Here one part after the other is mapped.
 */
#ifndef EXITLAB_GPUMEM_RING_H
#define EXITLAB_GPUMEM_RING_H

#include <stddef.h>
#include <stdint.h>

struct gpumem_ring {
	int map;	    /* the map's descriptor, the caller's */
	uint64_t size;	    /* bytes of data, a power of two */
	uint64_t *consumed; /* the kernel's positions */
	const uint64_t *produced;
	const char *window;    /* NULL: none yet */
	uint64_t window_start; /* position of its first byte */
	uint64_t most_bytes;   /* that waited when it was read */
};

/* 0, or -1 with errno. size: the map's max_entries. */
int gpumem_ring_open(struct gpumem_ring *ring, int map, uint64_t size);

/*
 * Hands what was sent to take() in order, of sizeof(event) bytes each, and frees its place. Returns
 * the number, or -1 with errno.
 */
long gpumem_ring_read(struct gpumem_ring *ring, void (*take)(void *context, const void *record),
		      void *context);

void gpumem_ring_close(struct gpumem_ring *ring);

#endif
