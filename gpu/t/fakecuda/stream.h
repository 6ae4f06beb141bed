/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EXITLAB_FAKECUDA_STREAM_H
#define EXITLAB_FAKECUDA_STREAM_H

#include "fakecuda.h"

/* What a stream is given to do. */
struct fake_work {
	CUresult (*run)(struct fake_work *work); /* an error breaks the context */
	bool always;				 /* also in a context that is broken */
	union {
		struct fake_launch launch;
		struct {
			void *to;
			const void *from;
			size_t bytes;
		} copy;
		struct {
			void *to;
			uint32_t value;
			size_t width, count; /* bytes of one, how many */
		} set;
		struct {
			CUevent event;
			uint64_t ticket; /* the event's, when it was given */
		} event;
		CUdeviceptr pointer;
	};
};

/* Gives a work to a stream; waits where its queue is full. */
CUresult fake_put(CUstream to, const struct fake_work *work);

/* Waits until is_over(about), which is looked at under the queues' lock after every work. */
void fake_wait(bool (*is_over)(const void *), const void *about);

#endif
