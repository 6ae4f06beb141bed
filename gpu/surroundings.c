// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* native, a limiter by LD_PRELOAD (HAMi's, ours, any other), MPS, MIG, the guest. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "limiter/limiter.h"
#include "mps.h"
#include "surroundings.h"

/* Names with a meaning of their own; any other is a limiter that --preload names. */
static const struct system {
	const char *name;
	bool preloads; /* must have --preload */
	unsigned int offers;
	const char *(*begin)(struct suite *suite);
	void (*end)(struct suite *suite);
	void (*enter)(const struct suite *suite);
} systems[] = {
	{"native", false, 0, NULL, NULL, NULL},
	{"guest", false, 0, NULL, NULL, NULL},
	{"mig", false, 0, NULL, NULL, NULL},
	{"mps", false, NEED_LIMITER, mps_begin, mps_end, mps_enter},
	{NULL, true, NEED_LIMITER, NULL, NULL, NULL},
};

static const struct system *system_of(const struct suite *suite)
{
	const struct system *system = systems;

	while (system->name && strcmp(system->name, suite->options.system))
		system++;
	return system;
}

unsigned int surroundings_offer(const struct suite *suite)
{
	unsigned int offers = system_of(suite)->offers;

	if (suite->options.preload)
		offers |= NEED_LIMITER;
	if (suite->options.mem_limit)
		offers |= NEED_MEM_LIMIT;
	if (suite->options.sm_limit)
		offers |= NEED_SM_LIMIT;
	if (*suite->control)
		offers |= NEED_SM_CONTROL;
	return offers;
}

/*
 * The file by which our limiter's SM limit is changed while it works: LIMITER_CONTROL. It is in
 * memory and goes with this process, however that ends.
 */
static const char *make_control(struct suite *suite)
{
	struct limiter_control control = {.sm_limit = suite->options.sm_limit};
	int fd = memfd_create("exitlab-limiter", MFD_CLOEXEC);

	if (fd < 0 || write(fd, &control, sizeof(control)) != sizeof(control))
		return "no memory for the limiter's control file";
	snprintf(suite->control, sizeof(suite->control), "/proc/%d/fd/%d", (int)getpid(), fd);
	return NULL;
}

const char *surroundings_begin(struct suite *suite)
{
	const struct system *system = system_of(suite);
	const char *why = NULL;
	static char text[400];

	if (system->preloads && !suite->options.preload) {
		snprintf(text, sizeof(text),
			 "the system %s is a library that tenants preload: name it by --preload",
			 suite->options.system);
		return text;
	}
	if (suite->options.preload && access(suite->options.preload, R_OK)) {
		snprintf(text, sizeof(text), "%s: %s", suite->options.preload, strerror(errno));
		return text;
	}
	/* What it measures would be taken for the GPU as it is. */
	if (suite->options.preload && !strcmp(suite->options.system, "native"))
		return "native is a system without a library: name the one of --preload by "
		       "--system, such as hami";
	if (suite->options.preload && suite->options.sm_limit &&
	    limiter_has_control(suite->options.preload))
		why = make_control(suite);
	if (!why && system->begin)
		why = system->begin(suite);
	return why;
}

void surroundings_end(struct suite *suite)
{
	const struct system *system = system_of(suite);

	if (system->end)
		system->end(suite);
	suite->control[0] = '\0';
}

void surroundings_enter(const struct suite *suite, enum surroundings where)
{
	static const char *const limits[] = {LIMITER_MEMORY, LIMITER_SM, LIMITER_CONTROL};
	const struct system *system = system_of(suite);
	char percent[16];

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		unsetenv(limits[i]);
	if (where == BARE)
		return;
	snprintf(percent, sizeof(percent), "%u", suite->options.sm_limit);
	if (suite->options.preload)
		setenv("LD_PRELOAD", suite->options.preload, 1);
	if (suite->options.mem_limit)
		setenv(LIMITER_MEMORY, suite->options.mem_limit, 1);
	if (suite->options.sm_limit)
		setenv(LIMITER_SM, percent, 1);
	if (*suite->control)
		setenv(LIMITER_CONTROL, suite->control, 1);
	if (system->enter)
		system->enter(suite);
}

int surroundings_set_sm_limit(struct suite *suite, unsigned int percent)
{
	struct limiter_control control = {.sm_limit = percent};
	int fd = *suite->control ? open(suite->control, O_WRONLY | O_CLOEXEC) : -1, result;

	if (fd < 0)
		return -1;
	result = pwrite(fd, &control, sizeof(control), 0) == sizeof(control) ? 0 : -1;
	close(fd);
	return result;
}
