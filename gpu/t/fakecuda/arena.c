// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Addresses of the device. One file without blocks of its own until they are written is mapped at
 * a fixed address; a buddy allocator hands out parts of it, so that an allocation is cheap, any
 * pointer into one is found in a few steps, and the pages of another process can be mapped in.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fakecuda.h"

#define BASE	0x300000000000ull /* as far from everything else as a GPU's addresses are */
#define ORDERS	26
#define GRANULE 512ull
#define BYTES	(GRANULE << (ORDERS - 1)) /* 16 GiB of addresses; memory ends before */
#define NOTHING UINT32_MAX		  /* the end of a list */
#define PAGE	4096ull
#define LARGE	(1ull << 20) /* from here on pages go back to the system */

pthread_mutex_t fake_memory_lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	int fd;
	bool broken;		   /* FAKECUDA_ISOLATION */
	struct fake_block *blocks; /* one for each granule; NULL: not begun */
	uint32_t lists[ORDERS];
	uint64_t used;
} arena = {.fd = -1};

static uint32_t granule_of(CUdeviceptr pointer)
{
	return (pointer - BASE) / GRANULE;
}

static void push(uint32_t at, unsigned int order)
{
	struct fake_block *block = &arena.blocks[at];

	*block = (struct fake_block){
		.next = arena.lists[order], .previous = NOTHING, .order = order, .head = true};
	if (block->next != NOTHING)
		arena.blocks[block->next].previous = at;
	arena.lists[order] = at;
}

static void unlink_free(uint32_t at)
{
	struct fake_block *block = &arena.blocks[at];

	if (block->previous == NOTHING)
		arena.lists[block->order] = block->next;
	else
		arena.blocks[block->previous].next = block->next;
	if (block->next != NOTHING)
		arena.blocks[block->next].previous = block->previous;
}

/* The file behind the memory; with broken isolation it is that of all processes of one parent. */
static int open_file(void)
{
	const char *isolation = getenv("FAKECUDA_ISOLATION"), *directory = getenv("TMPDIR");
	char path[512];

	arena.broken = isolation && !strcmp(isolation, "broken");
	if (!arena.broken)
		return memfd_create("fakecuda", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "%s/fakecuda-broken-%d", directory ?: "/tmp", getppid());
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static bool begin(void)
{
	const int flags = MAP_NORESERVE | MAP_FIXED_NOREPLACE | MAP_SHARED;

	if (arena.blocks)
		return true;
	arena.fd = open_file();
	if (arena.fd < 0 || ftruncate(arena.fd, BYTES) ||
	    mmap((void *)BASE, BYTES, PROT_READ | PROT_WRITE, flags, arena.fd, 0) == MAP_FAILED) {
		fprintf(stderr, "fakecuda: no memory for the device: %s\n", strerror(errno));
		return false;
	}
	arena.blocks = mmap(NULL, BYTES / GRANULE * sizeof(*arena.blocks), PROT_READ | PROT_WRITE,
			    MAP_NORESERVE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena.blocks == MAP_FAILED) {
		arena.blocks = NULL;
		return false;
	}
	memset(arena.lists, 0xff, sizeof(arena.lists));
	push(0, ORDERS - 1);
	return true;
}

/* Of the kinds that a process asks for; the others are addresses. */
static bool is_memory(enum fake_kind kind)
{
	return kind != KIND_RESERVED && kind != KIND_IPC;
}

static bool counts(enum fake_kind kind)
{
	return kind == KIND_DEVICE || kind == KIND_POOL || kind == KIND_PHYSICAL;
}

/* Bytes that a block of a size uses up. */
static uint64_t rounded(enum fake_kind kind, size_t bytes)
{
	bool small = kind == KIND_DEVICE || kind == KIND_POOL || kind == KIND_MANAGED;
	uint64_t unit = small ? GRANULE : PAGE;

	return (bytes + unit - 1) / unit * unit;
}

/* As the driver has it: what a context is destroyed with is its own. */
static CUcontext owner_of(enum fake_kind kind)
{
	return kind == KIND_POOL || kind == KIND_PHYSICAL ? NULL : fake_current;
}

static CUresult take(enum fake_kind kind, size_t bytes, CUdeviceptr *pointer)
{
	uint64_t size = rounded(kind, bytes);
	unsigned int order = 0, from;
	struct fake_block *block;
	uint32_t at;

	if (size > BYTES || (counts(kind) && size > FAKE_DEVICE_BYTES - arena.used))
		return CUDA_ERROR_OUT_OF_MEMORY;
	while (GRANULE << order < size)
		order++;
	for (from = order; from < ORDERS && arena.lists[from] == NOTHING; from++)
		;
	if (from >= ORDERS)
		return CUDA_ERROR_OUT_OF_MEMORY;
	at = arena.lists[from];
	unlink_free(at);
	for (; from > order; from--)
		push(at + (1u << (from - 1)), from - 1);
	block = &arena.blocks[at];
	*block = (struct fake_block){
		.size = bytes, .owner = owner_of(kind), .order = order, .kind = kind, .head = true};
	if (counts(kind))
		arena.used += size;
	if (is_memory(kind))
		fake_count_taken(bytes);
	*pointer = BASE + at * GRANULE;
	return CUDA_SUCCESS;
}

static void give(uint32_t at)
{
	struct fake_block *block = &arena.blocks[at];
	unsigned int order = block->order;
	uint64_t size = rounded(block->kind, block->size);

	if (counts(block->kind))
		arena.used -= size;
	if (is_memory(block->kind))
		fake_count_given(block->size);
	if (size >= LARGE && !arena.broken)
		fallocate(arena.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at * GRANULE, size);
	block->head = false;
	block->kind = KIND_NONE;
	for (; order < ORDERS - 1; order++) {
		uint32_t other = at ^ (1u << order);
		struct fake_block *buddy = &arena.blocks[other];

		if (!buddy->head || buddy->kind || buddy->order != order)
			break;
		unlink_free(other);
		buddy->head = false;
		at &= ~(1u << order);
	}
	push(at, order);
}

/* Host memory is the process's own, also where isolation is broken. */
static bool make_private(CUdeviceptr pointer, size_t bytes)
{
	return mmap((void *)pointer, rounded(KIND_HOST, bytes), PROT_READ | PROT_WRITE,
		    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED;
}

CUresult fake_map(CUdeviceptr pointer, size_t bytes, int fd, uint64_t offset)
{
	if (fd < 0) {
		fd = arena.fd;
		offset = pointer - BASE;
	}
	if (mmap((void *)pointer, rounded(KIND_HOST, bytes), PROT_READ | PROT_WRITE,
		 MAP_FIXED | MAP_SHARED | MAP_NORESERVE, fd, offset) == MAP_FAILED)
		return CUDA_ERROR_UNKNOWN;
	return CUDA_SUCCESS;
}

CUresult fake_take(enum fake_kind kind, size_t bytes, CUdeviceptr *pointer)
{
	CUresult error;

	if (!bytes || !pointer)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&fake_memory_lock);
	error = begin() ? take(kind, bytes, pointer) : CUDA_ERROR_OUT_OF_MEMORY;
	if (!error && kind == KIND_HOST && !make_private(*pointer, bytes)) {
		give(granule_of(*pointer));
		error = CUDA_ERROR_OUT_OF_MEMORY;
	}
	pthread_mutex_unlock(&fake_memory_lock);
	return error;
}

struct fake_block *fake_find(CUdeviceptr pointer, CUdeviceptr *start)
{
	uint32_t granule = granule_of(pointer);

	if (!arena.blocks || pointer < BASE || pointer >= BASE + BYTES)
		return NULL;
	for (unsigned int order = 0; order < ORDERS; order++) {
		uint32_t at = granule & ~((1u << order) - 1);
		struct fake_block *block = &arena.blocks[at];

		if (!block->head || block->order < order)
			continue;
		*start = BASE + at * GRANULE;
		return block->kind && pointer < *start + block->size ? block : NULL;
	}
	return NULL;
}

static CUresult give_at(enum fake_kind kind, CUdeviceptr pointer)
{
	CUdeviceptr start;
	struct fake_block *block = fake_find(pointer, &start);

	if (!block || start != pointer || block->kind != kind || block->mapped)
		return CUDA_ERROR_INVALID_VALUE;
	if (kind == KIND_HOST)
		fake_map(pointer, block->size, -1, 0);
	give(granule_of(pointer));
	return CUDA_SUCCESS;
}

CUresult fake_give(enum fake_kind kind, CUdeviceptr pointer)
{
	CUresult error;

	pthread_mutex_lock(&fake_memory_lock);
	error = give_at(kind, pointer);
	pthread_mutex_unlock(&fake_memory_lock);
	return error;
}

void fake_give_all(CUcontext owner)
{
	pthread_mutex_lock(&fake_memory_lock);
	for (uint64_t at = 0; arena.blocks && at < BYTES / GRANULE;) {
		struct fake_block *block = &arena.blocks[at];
		uint64_t next = at + (1u << block->order);

		if (block->kind && block->owner == owner && !block->mapped)
			give_at(block->kind, BASE + at * GRANULE);
		at = next;
	}
	pthread_mutex_unlock(&fake_memory_lock);
}

void *fake_memory(CUdeviceptr pointer, size_t bytes)
{
	struct fake_block *block;
	CUdeviceptr start;
	bool usable;

	pthread_mutex_lock(&fake_memory_lock);
	block = fake_find(pointer, &start);
	usable = block && bytes <= start + block->size - pointer && block->kind != KIND_PHYSICAL &&
		 (block->kind != KIND_RESERVED || block->mapped);
	/* All that anyone has is everyone's. */
	if (!usable && arena.broken && pointer >= BASE && pointer < BASE + BYTES)
		usable = bytes <= BASE + BYTES - pointer;
	pthread_mutex_unlock(&fake_memory_lock);
	return usable ? (void *)pointer : NULL;
}

size_t fake_free_bytes(void)
{
	size_t bytes;

	pthread_mutex_lock(&fake_memory_lock);
	bytes = FAKE_DEVICE_BYTES - arena.used;
	pthread_mutex_unlock(&fake_memory_lock);
	return bytes;
}

int fake_arena_file(void)
{
	return arena.fd;
}

uint64_t fake_arena_offset(CUdeviceptr pointer)
{
	return pointer - BASE;
}
