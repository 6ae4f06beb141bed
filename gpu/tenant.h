/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A tenant: a process of its own, started by exec so that it has a CUDA context of its own, which
 * does works that the coordinator orders. Everything that touches the device is in here.
 */
#ifndef EXITLAB_GPU_TENANT_H
#define EXITLAB_GPU_TENANT_H

#include <stdbool.h>

#include "driver.h"
#include "message.h"

/* Samples of one GO, and when there are enough of them. */
struct series {
	double *values; /* in the metric's unit */
	size_t count, room;
	size_t judged;	/* count at which convergence was last looked at */
	size_t watched; /* samples before this one were taken at a full clock */
	uint64_t throttled;
	uint64_t started, clock_read; /* ns */
	bool clock_matters;	      /* drop samples below 75 % of the highest clock */
};

struct tenant {
	int fd;
	int place;
	CUdevice device;
	CUcontext context; /* NULL until the first work that needs one */
	CUmodule module;
	CUstream stream;
	struct order order; /* that is being worked on */
	struct window window;
	struct busy busy;
	struct series series;
	void *state; /* of the work, from prepare() to finish() */
};

/*
 * A work. prepare() allocates and warms up; run() takes samples, once for each GO; finish() gives
 * everything back, also after a prepare() or run() that failed half-way: it must look what there
 * is. prepare() and run() return 0, or -1 after tenant_fail(), tenant_invalid() or tenant_waive().
 */
struct work {
	const char *name;
	bool bare; /* has no context: prepare() makes none */
	int (*prepare)(struct tenant *tenant);
	int (*run)(struct tenant *tenant);
	void (*finish)(struct tenant *tenant);
};

/* The table of works; what each does and its arguments: works/works.h. */
extern const struct work *const works[];
extern const size_t work_count;

/* Index in works[]; a name that is not there is a bug and ends the program. */
uint32_t work_index(const char *name);

/* The status of the row, with its reason; one line, printf-like. They return -1. */
int tenant_fail(struct tenant *tenant, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int tenant_invalid(struct tenant *tenant, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int tenant_waive(struct tenant *tenant, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A fact about this GO, "key=value": goes into the row's verdict. */
void tenant_fact(struct tenant *tenant, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * "if (CALL(tenant, cu.MemAlloc(&pointer, bytes))) return -1;": fails the row with the call, the
 * line and the driver's name of the error.
 */
#define CALL(tenant, call) tenant_check(tenant, call, #call, __FILE__, __LINE__)
int tenant_check(struct tenant *tenant, CUresult error, const char *call, const char *file,
		 int line);

/* Is the window open? Works that are measured together do what they do until it closes. */
bool tenant_in_window(const struct tenant *tenant);

/*
 * Takes samples: "while (sampling_more(tenant)) sampling_add(tenant, value);". Ends when the window
 * closes, the cap has passed, or the interval of the median is narrow enough after the minimum; in
 * a window, there is no minimum.
 */
bool sampling_more(struct tenant *tenant);
void sampling_add(struct tenant *tenant, double value);

/* Samples are of device work: those taken while the clock was throttled are dropped and counted. */
void sampling_watch_clock(struct tenant *tenant);

/* Half-width of the 95 % interval of the median over the median; INFINITY below 6 samples. */
double sampling_spread(const double *values, size_t count);

/* A kernel of the module: 0 and the function, or -1 as CALL(). */
int tenant_kernel(struct tenant *tenant, CUfunction *function, const char *name);

/*
 * Two events around device work: seconds between them, or -1 as CALL(). begin() records the first
 * in the tenant's stream, end() the second and waits for it.
 */
int tenant_timer_begin(struct tenant *tenant);
int tenant_timer_end(struct tenant *tenant, double *seconds);

/*
 * What --tenant FD runs: works until the coordinator is gone. place: which CPU it works on, counted
 * from the last of those that it may use. library: the limiter that must be preloaded, NULL: none.
 * Exit code.
 */
int tenant_main(int fd, int place, const char *libcuda, const char *library);

#endif
