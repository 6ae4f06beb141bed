// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Events: times at which a stream came by. */
#include <stdlib.h>

#include "stream.h"

enum { ERROR_INVALID_HANDLE = 400 };

/* A ticket is given for each record; done is the last one that the stream came by. */
struct CUevent_st {
	_Atomic uint64_t given, done, when; /* when: ns */
	_Atomic unsigned int users;	    /* the program, and works that are queued */
	bool timed;
};

static void let_go(CUevent event)
{
	if (!--event->users)
		free(event);
}

static CUresult run_record(struct fake_work *work)
{
	work->event.event->when = fake_now();
	work->event.event->done = work->event.ticket;
	let_go(work->event.event);
	return CUDA_SUCCESS;
}

static bool is_past(const void *about)
{
	const struct fake_work *work = about;

	return work->event.event->done >= work->event.ticket;
}

static CUresult run_wait(struct fake_work *work)
{
	fake_wait(is_past, work);
	let_go(work->event.event);
	return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent *event, unsigned int flags)
{
	ENTER_CONTEXT(EventCreate);
	*event = calloc(1, sizeof(**event));
	if (!*event)
		return CUDA_ERROR_OUT_OF_MEMORY;
	(*event)->users = 1;
	(*event)->timed = !(flags & CU_EVENT_DISABLE_TIMING);
	return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event)
{
	ENTER(EventDestroy);
	let_go(event);
	return CUDA_SUCCESS;
}

static CUresult put(CUevent event, CUstream stream, CUresult (*run)(struct fake_work *),
		    uint64_t ticket)
{
	event->users++;
	return fake_put(stream, &(struct fake_work){.run = run,
						    .always = true,
						    .event = {.event = event, .ticket = ticket}});
}

CUresult cuEventRecord(CUevent event, CUstream stream)
{
	ENTER_CONTEXT(EventRecord);
	return put(event, stream, run_record, ++event->given);
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags)
{
	ENTER_CONTEXT(StreamWaitEvent);
	if (flags)
		return CUDA_ERROR_INVALID_VALUE;
	return put(event, stream, run_wait, event->given);
}

CUresult cuEventSynchronize(CUevent event)
{
	struct fake_work work = {.event = {.event = event, .ticket = event->given}};

	ENTER_CONTEXT(EventSynchronize);
	fake_wait(is_past, &work);
	return fake_current->broken;
}

CUresult cuEventQuery(CUevent event)
{
	ENTER_CONTEXT(EventQuery);
	return event->done < event->given ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end)
{
	ENTER_CONTEXT(EventElapsedTime);
	if (!start->timed || !end->timed || !start->given || !end->given)
		return ERROR_INVALID_HANDLE;
	if (start->done < start->given || end->done < end->given)
		return CUDA_ERROR_NOT_READY;
	*milliseconds = (float)(((double)end->when - (double)start->when) / 1e6);
	return CUDA_SUCCESS;
}
