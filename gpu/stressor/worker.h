/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process of the stressor from inside, and its threads. */
#ifndef EXITLAB_GPU_WORKER_H
#define EXITLAB_GPU_WORKER_H

#include <pthread.h>

#include "pace.h"
#include "stress.h"

#define INBOX 1024 /* blocks; a power of two */

struct process;

struct worker {
	struct process *process;
	unsigned int index; /* in its process */
	pthread_t thread;
	_Atomic pid_t tid;
	struct pace pace;
	uint64_t random;      /* of what an event is */
	uint64_t random_held; /* of which held block is freed */
	struct totals totals;
	struct latency allocate, release;
	uint64_t end; /* ns of CLOCK_MONOTONIC: done with allocating */
	struct block *held;
	unsigned int held_count;
	/* Of --cross: blocks of the thread before this one, the only one to write. */
	struct {
		struct block blocks[INBOX];
		_Alignas(64) _Atomic uint64_t put;
		_Alignas(64) _Atomic uint64_t taken;
	} inbox;
};

struct process {
	const struct plan *plan;
	struct shared *shared;
	unsigned int index;
	CUcontext context;
	size_t bytes, beyond; /* of an allocation; of one that must fail */
	struct level level;
	_Atomic uint64_t tickets; /* allocation calls that were begun, with --die-after */
	_Atomic bool dying;
	_Atomic unsigned int allocating; /* threads that are not done with it */
	pthread_mutex_t lock;
	char what[256]; /* under the lock: the first unexpected result */
	struct worker workers[THREADS_MOST];
};

/* A thread: argument is its struct worker. It counts and never fails. */
void *worker_main(void *argument);

#endif
