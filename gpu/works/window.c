// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What counts is what was done while the window was open, over the whole window: a tenant that
 * waits for its slice of the device has had no throughput meanwhile, whatever its events say. An
 * operation that the end of the window cuts counts by the share of its time that lies before.
 */
#include "window.h"

#define IN_FLIGHT 4 /* operations: the device never waits for the host */

/* One operation, or as many as a planted slowdown makes of it, and the event behind it. */
static int enqueue(struct tenant *tenant, int (*operate)(struct tenant *), CUevent event)
{
	for (uint32_t i = 0; i < tenant->order.repeat; i++)
		if (operate(tenant))
			return -1;
	return CALL(tenant, cu.EventRecord(event, tenant->stream));
}

/* Operations done until the window closes, or -1. */
static double count_done(struct tenant *tenant, int (*operate)(struct tenant *), CUevent *events)
{
	uint64_t end = tenant->window.end, last = tenant->busy.start, now;
	long enqueued = 0, complete = 0;

	for (;; last = now) {
		for (; enqueued - complete < IN_FLIGHT; enqueued++)
			if (enqueue(tenant, operate, events[enqueued % IN_FLIGHT]))
				return -1;
		if (CALL(tenant, cu.EventSynchronize(events[complete % IN_FLIGHT])))
			return -1;
		now = now_ns();
		if (now >= end)
			return complete + (end > last ? (double)(end - last) / (now - last) : 0);
		complete++;
	}
}

int window_throughput(struct tenant *tenant, int (*operate)(struct tenant *), double amount)
{
	static CUevent events[IN_FLIGHT];
	double seconds = (tenant->window.end - tenant->busy.start) / 1e9;
	double done;

	if (!tenant->window.end)
		return tenant_fail(tenant, "this work is done in windows");
	for (int i = 0; i < IN_FLIGHT; i++)
		if (!events[i] && CALL(tenant, cu.EventCreate(&events[i], CU_EVENT_DISABLE_TIMING)))
			return -1;
	done = count_done(tenant, operate, events);
	if (done < 0 || CALL(tenant, cu.StreamSynchronize(tenant->stream)))
		return -1;
	sampling_add(tenant, done * amount / seconds);
	/* There was work on the device until then. */
	tenant->busy.end = tenant->window.end;
	return 0;
}
