/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the coordinator and its tenants say to each other: one datagram a message, on a pair of
 * SOCK_SEQPACKET sockets. Both are this binary, but a tenant runs under somebody else's library and
 * may be killed at any time: what it says is checked.
 *
 *   coordinator          tenant
 *                 <──    HELLO     text "key=value\n": what it runs on; or CANNOT with a reason
 *   ORDER  ──>                     struct order: prepare this work
 *                 <──    READY     prepared, warm; or FAILED, INVALID, WAIVED with a reason
 *   GO     ──>                     struct window: work from start to end, all tenants together
 *                 <──    SAMPLES*  f64 samples; FACT* "key=value"
 *                 <──    RESULT    struct busy; or FAILED, INVALID, WAIVED with a reason
 *   GO ... any number of times
 *   FINISH ──>                     clean up
 *                 <──    READY     for the next order
 *
 * The end of the stream ends the tenant.
 */
#ifndef EXITLAB_GPU_MESSAGE_H
#define EXITLAB_GPU_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MESSAGE_MAGIC 0x54475858u /* "XXGT" */
#define MESSAGE_MAX   8192	  /* bytes of a payload */

#define MESSAGE_SAMPLES_MOST 1000000 /* of one GO: 8 MB */

enum message_type {
	MESSAGE_HELLO = 1,
	MESSAGE_CANNOT,
	MESSAGE_ORDER,
	MESSAGE_READY,
	MESSAGE_GO,
	MESSAGE_SAMPLES,
	MESSAGE_FACT,
	MESSAGE_RESULT,
	MESSAGE_WAIVED,
	MESSAGE_FAILED,
	MESSAGE_INVALID,
	MESSAGE_FINISH,
	MESSAGE_TYPES
};

struct message {
	uint32_t magic, type;
	uint32_t size; /* bytes used of payload */
	uint32_t reserved;
	union {
		char text[MESSAGE_MAX]; /* not terminated */
		double samples[MESSAGE_MAX / sizeof(double)];
		struct order {
			uint32_t work;	  /* index in works[] */
			uint32_t minimum; /* samples, before convergence may stop it */
			uint32_t maximum; /* samples; 0: no limit */
			uint32_t repeat;  /* times each operation is done for one: 1, or a planted
					     slowdown */
			double cap;	  /* seconds of sampling */
			double least; /* seconds of sampling, likewise: samples of one moment agree
					 with each other, and with no other run */
			double interval; /* relative interval of the median that is enough, 0.005 */
			uint64_t seed;
			uint64_t argument[6]; /* as the work has it */
			char text[256];	      /* likewise */
		} order;
		struct window {
			uint64_t start,
				end; /* ns of CLOCK_MONOTONIC_RAW; 0, 0: at once, until done */
		} window;
		struct busy {
			uint64_t start, end; /* ns of CLOCK_MONOTONIC_RAW: first and last work */
			uint64_t throttled;  /* samples that were dropped */
		} busy;
	};
};

/* 0, or -1 with errno: the other side is gone. */
int message_send(int fd, enum message_type type, const void *payload, size_t size);

enum {
	MESSAGE_GONE, /* the other side is */
	MESSAGE_CAME, /* a sound message */
	MESSAGE_LATE, /* the deadline has passed */
	MESSAGE_UNSOUND,
	MESSAGE_STOPPED /* by message_stop */
};

/* Once this file can be read, message_receive() waits no more: it is to end. -1: there is none. */
extern int message_stop;

/*
 * Waits until deadline, ns of CLOCK_MONOTONIC_RAW; with fd -1 for that, or the stop, alone. What
 * came of it, MESSAGE_GONE and below it.
 */
int message_receive(int fd, struct message *message, uint64_t deadline);

/* ns of CLOCK_MONOTONIC_RAW, as every time here. */
uint64_t now_ns(void);

#define SECOND 1000000000ull

#endif
