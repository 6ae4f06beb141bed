// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * FAKECUDA_COUNTS: what each process has allocated and freed, in a file that all of them map, so
 * that the counts of one that is killed are there too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fakecuda.h"

#define PROCESSES 256

/* u64 each, in this order: README.md has them. */
struct counts {
	_Atomic uint64_t pid, allocations, failed_allocations, frees, failed_frees;
	_Atomic uint64_t allocated_bytes, freed_bytes, reserved;
};

static struct counts *all, *mine;

/* The first that is nobody's; a process beyond the last is not counted, and said. */
static void take_counts(void)
{
	uint64_t nobody;

	for (mine = all; mine < all + PROCESSES; mine++) {
		nobody = 0;
		if (__atomic_compare_exchange_n((uint64_t *)&mine->pid, &nobody, getpid(), false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return;
	}
	fprintf(stderr, "fakecuda: FAKECUDA_COUNTS: more than %d processes\n", PROCESSES);
	abort();
}

__attribute__((constructor)) static void open_counts(void)
{
	const char *path = getenv("FAKECUDA_COUNTS");
	int fd;

	if (!path || !*path)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, PROCESSES * sizeof(*all)))
		goto fail;
	all = mmap(NULL, PROCESSES * sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (all == MAP_FAILED)
		goto fail;
	close(fd);
	take_counts();
	pthread_atfork(NULL, NULL, take_counts);
	return;
fail:
	fprintf(stderr, "fakecuda: FAKECUDA_COUNTS: %s: %m\n", path);
	abort();
}

CUresult fake_count_allocation(CUresult error)
{
	if (mine && error)
		mine->failed_allocations++;
	else if (mine)
		mine->allocations++;
	return error;
}

CUresult fake_count_free(CUresult error)
{
	if (mine && error)
		mine->failed_frees++;
	else if (mine)
		mine->frees++;
	return error;
}

void fake_count_taken(size_t bytes)
{
	if (mine)
		mine->allocated_bytes += bytes;
}

void fake_count_given(size_t bytes)
{
	if (mine)
		mine->freed_bytes += bytes;
}
