// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The share of the device's time: a bucket of nanoseconds that fills at the share's rate and that
 * kernels empty by the time they took, as events around each launch tell. A launch waits while the
 * bucket, less what is expected of the launches under way, is below zero. So it is the device's
 * time that is charged, nobody has to synchronise, and what one kernel took too much the next ones
 * wait for.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "hooks.h"

#define NS	  1e9
#define BURST	  5e6  /* ns that a process may save up while it does not use the device */
#define UNDER_WAY 256  /* launches at most whose time is not known yet */
#define PATIENCE  1e9  /* ns: a kernel may wait for one that is held back; so the wait has an end */
#define NAP_LEAST 20e3 /* ns of one sleep while a launch waits */
#define NAP_MOST  500e3 /* a limit that changes is seen after it */
#define WEIGHT	  0.125 /* of the newest launch in the expected time */

struct charge {
	struct charge *next;
	CUcontext context;
	CUevent start, end;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct charge *spare;			  /* events that may be used again */
static struct charge *oldest, **newest = &oldest; /* launches under way */
static unsigned int under_way;
static double tokens, filled; /* ns; filled: when it last was */
static double expected;	      /* ns of a launch; 0: none was measured yet */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS + time.tv_nsec;
}

/* Takes the time of launches that are done. Some thread may be capturing a graph meanwhile. */
static bool collect(void)
{
	CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	bool any = false;

	if (!oldest)
		return false;
	if (real.ExchangeCaptureMode)
		real.ExchangeCaptureMode(&mode);
	while (oldest) {
		struct charge *charge = oldest;
		CUresult error = real.EventQuery(charge->end);
		float milliseconds = 0;

		if (error == CUDA_ERROR_NOT_READY)
			break;
		if (!error && !real.EventElapsedTime(&milliseconds, charge->start, charge->end)) {
			tokens -= milliseconds * 1e6;
			expected += expected ? WEIGHT * (milliseconds * 1e6 - expected)
					     : milliseconds * 1e6;
		}
		oldest = charge->next;
		newest = oldest ? newest : &oldest;
		charge->next = spare;
		spare = charge;
		under_way--;
		any = true;
	}
	if (real.ExchangeCaptureMode)
		real.ExchangeCaptureMode(&mode);
	return any;
}

/* How long to sleep before the next look, ns; 0: the launch may go. *since: of the last progress.
 */
static double must_wait(double share, double *since)
{
	double time = now(), left, nap;

	pthread_mutex_lock(&mutex);
	if (collect())
		*since = time;
	tokens += filled ? (time - filled) * share : 0;
	tokens = tokens < BURST ? tokens : BURST;
	filled = time;
	left = tokens - under_way * expected;
	if (under_way && (!expected || under_way >= UNDER_WAY))
		left = left < 0 ? left : -1;
	/* Only what is under way can be waited for by others; a debt is waited off. */
	if (under_way && time - *since > PATIENCE)
		left = 0;
	pthread_mutex_unlock(&mutex);
	if (left >= 0)
		return 0;
	nap = -left / share;
	return nap < NAP_LEAST ? NAP_LEAST : nap > NAP_MOST ? NAP_MOST : nap;
}

static void wait_for_turn(void)
{
	double since = now(), nap;
	unsigned int share;

	while ((share = limits_share()) && (nap = must_wait(share / 100.0, &since)) > 0)
		nanosleep(&(struct timespec){.tv_nsec = nap}, NULL);
}

/* Events of the context; NULL: there are none to be had. */
static struct charge *events_of(CUcontext context)
{
	struct charge **at, *charge;

	pthread_mutex_lock(&mutex);
	for (at = &spare; *at && (*at)->context != context;)
		at = &(*at)->next;
	charge = *at;
	if (charge)
		*at = charge->next;
	pthread_mutex_unlock(&mutex);
	if (charge)
		return charge;
	charge = calloc(1, sizeof(*charge));
	if (!charge)
		return NULL;
	charge->context = context;
	if (real.EventCreate(&charge->start, 0) || real.EventCreate(&charge->end, 0)) {
		free(charge);
		return NULL;
	}
	return charge;
}

static void put_aside(struct charge *charge)
{
	pthread_mutex_lock(&mutex);
	charge->next = spare;
	spare = charge;
	pthread_mutex_unlock(&mutex);
}

struct charge *share_begin(CUstream stream)
{
	struct charge *charge;
	CUcontext context;
	CUstreamCaptureStatus capturing;

	if (!limits_share())
		return NULL;
	/* A launch that is captured into a graph does not run: cuGraphLaunch() is charged. */
	if (real.StreamIsCapturing && (real.StreamIsCapturing(stream, &capturing) || capturing))
		return NULL;
	wait_for_turn();
	if (real.CtxGetCurrent(&context) || !context)
		return NULL;
	charge = events_of(context);
	if (charge && real.EventRecord(charge->start, stream)) {
		put_aside(charge);
		return NULL;
	}
	return charge;
}

void share_end(struct charge *charge, CUstream stream, bool launched)
{
	if (!charge)
		return;
	if (!launched || real.EventRecord(charge->end, stream)) {
		put_aside(charge);
		return;
	}
	pthread_mutex_lock(&mutex);
	charge->next = NULL;
	*newest = charge;
	newest = &charge->next;
	under_way++;
	pthread_mutex_unlock(&mutex);
}

/* Takes the context's charges out of a list; its events end with it. */
static unsigned int drop(struct charge **list, CUcontext context)
{
	unsigned int dropped = 0;

	while (*list) {
		struct charge *charge = *list;

		if (charge->context != context) {
			list = &charge->next;
			continue;
		}
		*list = charge->next;
		free(charge);
		dropped++;
	}
	return dropped;
}

void share_forget(CUcontext context)
{
	pthread_mutex_lock(&mutex);
	drop(&spare, context);
	under_way -= drop(&oldest, context);
	for (newest = &oldest; *newest;)
		newest = &(*newest)->next;
	pthread_mutex_unlock(&mutex);
}
