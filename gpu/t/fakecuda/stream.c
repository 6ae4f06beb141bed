// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Streams: a queue and a thread each. What a stream was given is done in order, beside the host. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

#define QUEUE 1024 /* works that a stream takes before the host waits, as of a real driver */

struct CUstream_st {
	CUcontext context;
	struct CUstream_st *next;
	bool ended;	     /* no more works; the thread ends */
	bool concurrent;     /* CU_STREAM_NON_BLOCKING */
	uint64_t put, taken; /* works, of all time */
	pthread_cond_t more;
	struct fake_work works[QUEUE];
};

/* Of all queues; and what the host, or a stream, waits by for any work to be done. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress = PTHREAD_COND_INITIALIZER;

uint64_t fake_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void fake_wait(bool (*is_over)(const void *), const void *about)
{
	pthread_mutex_lock(&lock);
	while (!is_over(about))
		pthread_cond_wait(&progress, &lock);
	pthread_mutex_unlock(&lock);
}

/*
 * As under MPS, whose clients share a server, a fault of one breaks all: the file that says so, of
 * all processes of one parent; NULL where processes are apart.
 */
static const char *fault_of_all(void)
{
	const char *isolation = getenv("FAKECUDA_ISOLATION"), *directory = getenv("TMPDIR");
	static __thread char path[512];

	if (!isolation || strcmp(isolation, "faults"))
		return NULL;
	snprintf(path, sizeof(path), "%s/fakecuda-fault-%d", directory ?: "/tmp", getppid());
	return path;
}

/* Does one work; of a context that is broken, only what others may wait for. */
static void work(struct CUstream_st *stream, struct fake_work *work)
{
	CUresult error = stream->context->broken && !work->always ? 0 : work->run(work);
	const char *all = fault_of_all();

	if (all && error)
		close(open(all, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	else if (all && !stream->context->broken && !access(all, F_OK))
		error = CUDA_ERROR_LAUNCH_FAILED;
	if (error)
		stream->context->broken = error;
}

static void leave(struct CUstream_st *stream)
{
	struct CUstream_st **at = &stream->context->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	pthread_cond_broadcast(&progress);
	pthread_cond_destroy(&stream->more);
	free(stream);
}

static void *serve(void *argument)
{
	struct CUstream_st *stream = argument;

	pthread_mutex_lock(&lock);
	for (;;) {
		while (stream->taken == stream->put && !stream->ended)
			pthread_cond_wait(&stream->more, &lock);
		if (stream->taken == stream->put)
			break;
		pthread_mutex_unlock(&lock);
		work(stream, &stream->works[stream->taken % QUEUE]);
		pthread_mutex_lock(&lock);
		stream->taken++;
		pthread_cond_broadcast(&progress);
	}
	leave(stream);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static CUresult create(CUstream *result, unsigned int flags)
{
	struct CUstream_st *stream = calloc(1, sizeof(*stream));
	sigset_t every, before;
	pthread_attr_t detached;
	pthread_t thread;
	int error;

	if (!stream)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	stream->context = fake_current;
	stream->concurrent = flags & CU_STREAM_NON_BLOCKING;
	pthread_cond_init(&stream->more, NULL);
	pthread_mutex_lock(&lock);
	stream->next = fake_current->streams;
	fake_current->streams = stream;
	/* Signals are the program's, not its device's. */
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	error = pthread_create(&thread, &detached, serve, stream);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		leave(stream);
	else
		*result = stream;
	pthread_mutex_unlock(&lock);
	return error ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

/* NULL and its two other names are the default stream, which begins when it is used. */
static struct CUstream_st *stream_of(CUstream stream)
{
	static pthread_mutex_t beginning = PTHREAD_MUTEX_INITIALIZER;
	struct CUstream_st *null;

	if ((uintptr_t)stream > 2)
		return stream;
	pthread_mutex_lock(&beginning);
	if (!fake_current->null)
		create(&fake_current->null, 0);
	null = fake_current->null;
	pthread_mutex_unlock(&beginning);
	return null;
}

CUresult fake_put(CUstream to, const struct fake_work *work)
{
	struct CUstream_st *stream = stream_of(to);

	if (!stream)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_lock(&lock);
	while (stream->put - stream->taken == QUEUE)
		pthread_cond_wait(&progress, &lock);
	stream->works[stream->put++ % QUEUE] = *work;
	pthread_cond_signal(&stream->more);
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}

/* Under the lock: is there anything left to do in a context's streams? */
static bool is_busy(CUcontext context, bool also_concurrent)
{
	for (struct CUstream_st *at = context->streams; at; at = at->next)
		if (at->taken != at->put && (also_concurrent || !at->concurrent))
			return true;
	return false;
}

static CUresult drain(CUcontext context, bool also_concurrent)
{
	pthread_mutex_lock(&lock);
	while (is_busy(context, also_concurrent))
		pthread_cond_wait(&progress, &lock);
	pthread_mutex_unlock(&lock);
	return context->broken;
}

CUresult fake_drain(CUcontext context)
{
	return drain(context, true);
}

CUresult fake_drain_default(CUcontext context)
{
	return drain(context, false);
}

void fake_end_streams(CUcontext context)
{
	drain(context, true);
	pthread_mutex_lock(&lock);
	for (struct CUstream_st *at = context->streams; at; at = at->next) {
		at->ended = true;
		pthread_cond_signal(&at->more);
	}
	while (context->streams)
		pthread_cond_wait(&progress, &lock);
	pthread_mutex_unlock(&lock);
	context->null = NULL;
}

CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority)
{
	ENTER_CONTEXT(StreamCreateWithPriority);
	(void)priority;
	return create(stream, flags);
}

/* What it was given is still done. */
CUresult cuStreamDestroy_v2(CUstream stream)
{
	ENTER(StreamDestroy);
	if (!stream)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	stream->ended = true;
	pthread_cond_signal(&stream->more);
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream which)
{
	struct CUstream_st *stream;
	uint64_t last;

	ENTER_CONTEXT(StreamSynchronize);
	stream = stream_of(which);
	if (!stream)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_lock(&lock);
	last = stream->put;
	while (stream->taken < last)
		pthread_cond_wait(&progress, &lock);
	pthread_mutex_unlock(&lock);
	return fake_current->broken;
}

CUresult cuStreamQuery(CUstream which)
{
	struct CUstream_st *stream;
	bool busy;

	ENTER_CONTEXT(StreamQuery);
	stream = stream_of(which);
	if (!stream)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_lock(&lock);
	busy = stream->taken != stream->put;
	pthread_mutex_unlock(&lock);
	return busy ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}
